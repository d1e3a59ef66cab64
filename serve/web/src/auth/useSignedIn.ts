import type { ThunkAction, UnknownAction } from '@reduxjs/toolkit'

import { api } from '../api'
import type { Extra } from '../api/baseQuery'
import { useAppDispatch, type AppState } from '../app/store'
import { signedIn, signedOut } from './authSlice'
import { announceSession } from './otherTabs'
import type { Tokens } from './session'

type Thunk<R> = ThunkAction<R, AppState, Extra, UnknownAction>

function enter(tokens: Tokens): Thunk<void> {
  return (dispatch, _, { session }) => {
    session.adopt(tokens)
    announceSession()
    dispatch(signedIn())
  }
}

function leave(): Thunk<Promise<void>> {
  return async (dispatch, _, { session }) => {
    await dispatch(api.endpoints.logout.initiate({ body: {} }))
    session.forget()
    announceSession()
    dispatch(signedOut(undefined))
    dispatch(api.util.resetApiState())
  }
}

/** Takes the tokens of a sign-in over into this tab, and tells the others. */
export function useSignedIn(): (tokens: Tokens) => void {
  const dispatch = useAppDispatch()
  return (tokens) => dispatch(enter(tokens))
}

/** Ends the session, here and on the server. */
export function useSignOut(): () => Promise<void> {
  const dispatch = useAppDispatch()
  return () => dispatch(leave())
}
