import { useEffect, useState } from 'react'

import type { Job, RerunPreview } from '../api/generated'
import type { Problem } from '../api/problem'
import { FormDialog } from '../ui/FormDialog'
import { ProblemAlert } from '../ui/ProblemAlert'
import { JobStarted } from './JobStarted'
import { Preview } from './Preview'
import { VersionField } from './VersionField'

const PAUSE_MS = 250

/** What the API answers: what would happen, or the job that does it. */
export type BulkAnswer = { data?: Job | RerunPreview | undefined; error?: unknown }

interface BulkDialogProps {
  title: string
  /** What it will do, to whom. */
  children: React.ReactNode
  yes: string
  verb: string
  danger?: boolean
  /** The workflow that all are of, when they are of one: then a version can be chosen. */
  workflow?: { namespace: string; name: string } | undefined
  send: (version: string | undefined, dryRun: boolean) => Promise<BulkAnswer>
  onClose: () => void
}

/** Something done to many runs: what would happen, then a job that does it, and how far it is. */
export function BulkDialog({ title, children, yes, verb, danger = false, workflow, send, onClose }: BulkDialogProps) {
  const [version, setVersion] = useState('')
  const [preview, setPreview] = useState<RerunPreview>()
  const [looking, setLooking] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [job, setJob] = useState<Job>()

  useEffect(() => {
    let wanted = true
    setPreview(undefined)
    const timer = setTimeout(async () => {
      const answer = await send(version || undefined, true)
      if (!wanted) return
      setLooking(answer.error as Problem | undefined)
      if (answer.data !== undefined && 'count' in answer.data) setPreview(answer.data)
    }, PAUSE_MS)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
    // What is sent is decided when the dialog opens; only the version changes in it.
  }, [version])

  async function start() {
    setBusy(true)
    const answer = await send(version || undefined, false)
    setBusy(false)
    setError(answer.error)
    if (answer.data !== undefined && 'state' in answer.data) setJob(answer.data)
  }

  if (job !== undefined) return <JobStarted job={job} title={title} onClose={onClose} />
  return (
    <FormDialog
      title={title} yes={preview === undefined ? yes : `${yes} (${preview.count})`} danger={danger} busy={busy} disabled={preview === undefined || preview.count === 0} error={error}
      what="Nothing was begun" onYes={() => void start()} onClose={onClose}
    >
      <span>{children}</span>
      {workflow !== undefined && <VersionField {...workflow} value={version} none="The version each run has" onChange={setVersion} />}
      {looking !== undefined ? <ProblemAlert error={looking} what="It cannot be done like this" /> : <Preview preview={preview} verb={verb} />}
    </FormDialog>
  )
}
