import { fetchBaseQuery, type BaseQueryFn, type FetchArgs, type FetchBaseQueryError } from '@reduxjs/toolkit/query/react'

import type { Session } from '../auth/session'
import { stepUpAsked, type StepUps } from '../security/stepUp'
import { NO_ANSWER, readProblem, type Problem } from './problem'

/** What thunks get beside the store. */
export interface Extra {
  session: Session
  stepUps: StepUps
}

/** Bodies that are texts already, and what they are. */
const TEXTS: Record<string, string> = {
  putWorkflow: 'application/yaml',
  validateWorkflow: 'application/yaml',
  startRun: 'application/json',
  signalRun: 'application/json',
}

const PUBLIC = new Set(['login', 'register', 'getConfig', 'getTaskOfLink', 'answerTaskByLink',
  'verifySecondFactor', 'beginPasskeySignIn', 'signInByPasskey'])
/** A wrong proof is no reason for a new token. */
const PROVING = new Set(['stepUp', 'confirmTotp'])

const plain = fetchBaseQuery({
  baseUrl: '/',
  prepareHeaders: (headers, { endpoint, extra }) => {
    const token = (extra as Extra).session.current()
    if (token !== undefined && !PUBLIC.has(endpoint)) headers.set('authorization', `Bearer ${token}`)
    const media = TEXTS[endpoint]
    if (media !== undefined) headers.set('content-type', media)
    headers.set('x-tidewire', '1')
  },
})

function toProblem(error: FetchBaseQueryError): Problem {
  if (typeof error.status === 'number') return readProblem(error.status, error.data)
  if (error.status === 'PARSING_ERROR') return readProblem(error.originalStatus, undefined)
  return NO_ANSWER
}

/** Sends the access token, renews it once when it was refused, asks for a proof where one is needed, and tells errors as
 * problems. */
export const baseQuery: BaseQueryFn<string | FetchArgs, unknown, Problem> = async (args, api, options) => {
  const { session, stepUps } = api.extra as Extra
  const isPublic = PUBLIC.has(api.endpoint)
  const used = isPublic ? undefined : await session.token()
  if (!isPublic && used === undefined) return { error: NO_ANSWER }
  let result = await plain(args, api, options)
  if (result.error?.status === 401 && !isPublic && !PROVING.has(api.endpoint) && (await session.renew(used)) !== undefined) {
    result = await plain(args, api, options)
  }
  const refused = result.error ? toProblem(result.error) : undefined
  if (refused?.kind === 'step-up-required') {
    api.dispatch(stepUpAsked(refused.factors ?? []))
    if (await stepUps.wait()) result = await plain(args, api, options)
  }
  return result.error ? { error: toProblem(result.error) } : { data: result.data }
}
