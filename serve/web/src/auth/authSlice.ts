import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

/** `why` is shown on the sign-in page. */
export interface AuthState {
  status: 'unknown' | 'in' | 'out' | 'away'
  why?: string
}

const authSlice = createSlice({
  name: 'auth',
  initialState: { status: 'unknown' } as AuthState,
  reducers: {
    signedIn: () => ({ status: 'in' }) as AuthState,
    signedOut: (_, action: PayloadAction<string | undefined>) =>
      (action.payload === undefined ? { status: 'out' } : { status: 'out', why: action.payload }) as AuthState,
    unreachable: () => ({ status: 'away' }) as AuthState,
  },
})

export const { signedIn, signedOut, unreachable } = authSlice.actions
export const authReducer = authSlice.reducer
