import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

/** `factors`: by what the person can prove who they are; undefined while nothing asks. */
export interface StepUpState {
  factors?: string[]
}

const stepUpSlice = createSlice({
  name: 'stepUp',
  initialState: {} as StepUpState,
  reducers: {
    stepUpAsked: (_, action: PayloadAction<string[]>) => ({ factors: action.payload }) as StepUpState,
    stepUpDone: () => ({}) as StepUpState,
  },
})

export const { stepUpAsked, stepUpDone } = stepUpSlice.actions
export const stepUpReducer = stepUpSlice.reducer

/** Calls that wait for the person to prove who they are: all of them go on, or give up, together. */
export interface StepUps {
  /** True when the person has proved it. */
  wait(): Promise<boolean>
  settle(proved: boolean): void
}

export function createStepUps(): StepUps {
  let waiting: ((proved: boolean) => void)[] = []
  return {
    wait: () => new Promise((resolve) => waiting.push(resolve)),
    settle: (proved) => {
      const told = waiting
      waiting = []
      told.forEach((resolve) => resolve(proved))
    },
  }
}
