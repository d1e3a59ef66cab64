import { useEffect, useState } from 'react'

import { api } from '../api'
import type { JournalEntry } from '../api/generated'
import { problemOf, type Problem } from '../api/problem'
import { useAppDispatch } from '../app/store'
import { mergeEntries } from './timeline'

const PAGE = 500
const STEP = 2000

export interface Journal {
  entries: JournalEntry[]
  loading: boolean
  problem: Problem | undefined
  /** Loads further, where there is more than is good to draw at once. */
  more: (() => void) | undefined
}

/** The journal of a run up to `lastSeq`, which grows as the run goes on. */
export function useJournal(runId: string, lastSeq: number): Journal {
  const dispatch = useAppDispatch()
  const [entries, setEntries] = useState<JournalEntry[]>([])
  const [problem, setProblem] = useState<Problem>()
  const [most, setMost] = useState(STEP)
  const have = entries.at(-1)?.seq ?? 0
  const behind = have < lastSeq && entries.length < most

  useEffect(() => {
    if (!behind) return
    let wanted = true
    void (async () => {
      const answer = await dispatch(
        api.endpoints.getRunJournal.initiate({ runId, after: have, limit: PAGE }, { subscribe: false, forceRefetch: true }),
      )
      if (!wanted) return
      setProblem(problemOf(answer.error))
      const items = answer.data?.items ?? []
      if (items.length > 0) setEntries((before) => mergeEntries(before, items))
    })()
    return () => {
      wanted = false
    }
  }, [runId, have, lastSeq, behind, dispatch])

  return {
    entries,
    loading: behind && problem === undefined && entries.length === 0,
    problem,
    more: have < lastSeq && entries.length >= most ? () => setMost(most + STEP) : undefined,
  }
}
