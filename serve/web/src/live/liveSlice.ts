import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

import { together, type Next } from './recovery'

export interface LiveState {
  status: 'off' | 'connecting' | 'connected' | 'lost'
  /** When the connection was lost, in milliseconds since 1970. */
  lostAt: number | undefined
  /** How the last reconnect went; told to the reader until it is dismissed. */
  outcome: Exclude<Next, 'load'> | undefined
  /** How many messages were made up for. */
  caughtUp: number
}

const initial: LiveState = { status: 'off', lostAt: undefined, outcome: undefined, caughtUp: 0 }

const liveSlice = createSlice({
  name: 'live',
  initialState: initial,
  reducers: {
    liveConnecting(state, action: PayloadAction<{ at: number }>) {
      if (state.status === 'connected') {
        state.lostAt = action.payload.at
        state.status = 'lost'
        state.outcome = undefined
        state.caughtUp = 0
      } else if (state.status === 'off') {
        state.status = 'connecting'
      }
    },
    /** The first connection takes too long, or was refused. */
    liveFailed(state, action: PayloadAction<{ at: number }>) {
      state.status = 'lost'
      state.lostAt ??= action.payload.at
    },
    liveConnected(state) {
      state.status = 'connected'
      state.lostAt = undefined
    },
    channelBack(state, action: PayloadAction<{ next: Next; missed: number }>) {
      const { next, missed } = action.payload
      const outcome = together(state.outcome, next)
      state.outcome = outcome === 'load' ? undefined : outcome
      state.caughtUp += missed
    },
    outcomeSeen(state) {
      state.outcome = undefined
      state.caughtUp = 0
    },
    liveStopped: () => initial,
  },
})

export const { liveConnecting, liveFailed, liveConnected, channelBack, outcomeSeen, liveStopped } = liveSlice.actions
export const liveReducer = liveSlice.reducer
