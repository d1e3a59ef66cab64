import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

import type { RunSummary } from '../api/generated'

/** What channel `runs:<tenant>` tells of a run. */
export type RunNews = Pick<
  RunSummary,
  'id' | 'workflow' | 'status' | 'created_at' | 'started_at' | 'ended_at' | 'error' | 'last_seq'
>

export type RunStatus = RunSummary['status']

export interface RunsState {
  /** The newest known state of runs that the channel spoke of. */
  news: Record<string, RunNews>
  /** Their ids, first heard of first; the oldest are forgotten. */
  heard: string[]
}

const KEPT = 500
export const FINAL: ReadonlySet<RunStatus> = new Set<RunStatus>(['completed', 'faulted', 'cancelled'])

/** Whether `one` tells a later state than `other`: messages may come twice, or after a page that knows more. */
export function isLater(one: RunNews, other: RunNews): boolean {
  if (FINAL.has(other.status)) return false
  return one.last_seq > other.last_seq || FINAL.has(one.status) || (one.last_seq === other.last_seq && one.started_at !== null && other.started_at === null)
}

const runsSlice = createSlice({
  name: 'runs',
  initialState: { news: {}, heard: [] } as RunsState,
  reducers: {
    runsHeard(state, action: PayloadAction<RunNews[]>) {
      for (const run of action.payload) {
        const known = state.news[run.id]
        if (known === undefined) state.heard.push(run.id)
        if (known === undefined || isLater(run, known)) state.news[run.id] = run
      }
      for (const id of state.heard.splice(0, Math.max(0, state.heard.length - KEPT))) delete state.news[id]
    },
    runsForgotten: () => ({ news: {}, heard: [] }) as RunsState,
  },
})

export const { runsHeard, runsForgotten } = runsSlice.actions
export const runsReducer = runsSlice.reducer

/** A run of a page, brought up to date by what the channel told since. */
export function withNews<T extends RunNews>(run: T, news: RunsState['news']): T {
  const heard = news[run.id]
  return heard !== undefined && isLater(heard, run) ? { ...run, ...heard } : run
}

export interface RunFilter {
  status?: string
  namespace?: string
  name?: string
}

export function matches(run: RunNews, filter: RunFilter): boolean {
  return (
    (!filter.status || run.status === filter.status) &&
    (!filter.namespace || run.workflow.namespace === filter.namespace) &&
    (!filter.name || run.workflow.name === filter.name)
  )
}

/** Runs heard of that are newer than all of the list and belong into it, newest first. */
export function newerRuns(state: RunsState, shown: readonly RunNews[], filter: RunFilter): RunNews[] {
  const top = shown[0]
  const known = new Set(shown.map((run) => run.id))
  return Object.values(state.news)
    .filter((run) => !known.has(run.id) && matches(run, filter) && (top === undefined || run.id > top.id))
    .sort(byNewest)
}

export function byNewest(one: { id: string }, other: { id: string }): number {
  // Ids are UUIDs of version 7: they sort by the time they were made.
  return one.id < other.id ? 1 : one.id > other.id ? -1 : 0
}

/** The latest runs of a page and of the channel together. */
export function latestRuns(state: RunsState, page: readonly RunNews[], count: number): RunNews[] {
  const known = new Map<string, RunNews>(page.map((run) => [run.id, withNews(run, state.news)]))
  for (const run of Object.values(state.news)) if (!known.has(run.id)) known.set(run.id, run)
  return [...known.values()].sort(byNewest).slice(0, count)
}
