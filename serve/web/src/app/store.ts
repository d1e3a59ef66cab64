import { combineReducers, configureStore } from '@reduxjs/toolkit'
import { useDispatch, useSelector, useStore } from 'react-redux'

import { api } from '../api'
import type { Extra } from '../api/baseQuery'
import { authReducer, signedOut } from '../auth/authSlice'
import type { Session } from '../auth/session'
import { inboxReducer } from '../inbox/inboxSlice'
import { liveReducer } from '../live/liveSlice'
import { metricsReducer } from '../metrics/metricsSlice'
import { runsReducer } from '../runs/runsSlice'
import { createStepUps, stepUpReducer } from '../security/stepUp'

const parts = combineReducers({
  [api.reducerPath]: api.reducer,
  auth: authReducer,
  inbox: inboxReducer,
  live: liveReducer,
  metrics: metricsReducer,
  runs: runsReducer,
  stepUp: stepUpReducer,
})

/** Nothing of one person stays in memory for the next. */
const reducer: typeof parts = (state, action) =>
  parts(signedOut.match(action) && state !== undefined ? { ...EMPTY, auth: state.auth } : state, action)

const EMPTY = parts(undefined, { type: 'start' })

export function createStore(session: Session) {
  const extraArgument: Extra = { session, stepUps: createStepUps() }
  return configureStore({
    reducer,
    middleware: (defaults) =>
      defaults({ thunk: { extraArgument }, serializableCheck: false, immutableCheck: false }).concat(api.middleware),
  })
}

export type AppStore = ReturnType<typeof createStore>
export type AppState = ReturnType<AppStore['getState']>
export type AppDispatch = AppStore['dispatch']

export const useAppDispatch = useDispatch.withTypes<AppDispatch>()
export const useAppSelector = useSelector.withTypes<AppState>()
export const useAppStore = useStore.withTypes<AppStore>()
