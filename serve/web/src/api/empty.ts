import { createApi } from '@reduxjs/toolkit/query/react'

import { baseQuery } from './baseQuery'

/** The API without endpoints; `generated.ts` adds those of the OpenAPI document. */
export const emptyApi = createApi({ reducerPath: 'api', baseQuery, endpoints: () => ({}) })
