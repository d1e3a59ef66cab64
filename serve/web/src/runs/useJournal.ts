import { useEffect, useState } from 'react'

import { api } from '../api'
import type { JournalEntry } from '../api/generated'
import { problemOf, type Problem } from '../api/problem'
import { useAppDispatch } from '../app/store'
import { mergeEntries } from './timeline'

const PAGE = 500
const STEP = 2000
const AGAIN_MS = 1000

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
  const [tries, setTries] = useState(0)
  const have = entries.at(-1)?.seq ?? 0
  const behind = have < lastSeq && entries.length < most

  useEffect(() => {
    if (!behind) return
    let wanted = true
    let again: ReturnType<typeof setTimeout> | undefined
    void (async () => {
      const answer = await dispatch(
        api.endpoints.getRunJournal.initiate({ runId, after: have, limit: PAGE }, { subscribe: false, forceRefetch: true }),
      )
      if (!wanted) return
      setProblem(problemOf(answer.error))
      const items = answer.data?.items ?? []
      if (items.length > 0) setEntries((before) => mergeEntries(before, items))
      // No answer, or one that is older than what the channel told: asked for again.
      else again = setTimeout(() => setTries((before) => before + 1), AGAIN_MS)
    })()
    return () => {
      wanted = false
      clearTimeout(again)
    }
  }, [runId, have, lastSeq, behind, tries, dispatch])

  return {
    entries,
    loading: behind && problem === undefined && entries.length === 0,
    problem,
    more: have < lastSeq && entries.length >= most ? () => setMost(most + STEP) : undefined,
  }
}
