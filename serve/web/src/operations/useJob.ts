import { useState } from 'react'

import { useGetJobQuery, type Job } from '../api/generated'
import { FINISHED } from './JobProgress'

const POLL_MS = 1000

/** A job as it goes on; asked for again and again until it has ended. */
export function useJob(first: Job): Job {
  const [ended, setEnded] = useState(FINISHED.has(first.state))
  const { data = first } = useGetJobQuery({ jobId: first.id }, { pollingInterval: ended ? 0 : POLL_MS })
  if (!ended && FINISHED.has(data.state)) setEnded(true)
  return data
}
