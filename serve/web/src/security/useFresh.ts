import type { ThunkAction, UnknownAction } from '@reduxjs/toolkit'

import type { Extra } from '../api/baseQuery'
import { useAppDispatch, type AppState } from '../app/store'
import type { Fresh } from './factors'
import { stepUpDone } from './stepUp'

type Thunk = ThunkAction<void, AppState, Extra, UnknownAction>

/** Takes over an access token of the same session that has proved more. */
export function useFresh(): (fresh: Fresh) => void {
  const dispatch = useAppDispatch()
  return (fresh) => dispatch(((_, __, { session }) => session.adopt(fresh)) as Thunk)
}

/** Lets the calls that wait go on, or give up. */
export function useSettle(): (proved: boolean) => void {
  const dispatch = useAppDispatch()
  return (proved) => {
    dispatch(((_, __, { stepUps }) => stepUps.settle(proved)) as Thunk)
    dispatch(stepUpDone())
  }
}
