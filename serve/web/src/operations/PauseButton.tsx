import Button from '@mui/material/Button'
import TextField from '@mui/material/TextField'
import { useState } from 'react'

import { usePauseRunMutation, useResumeRunMutation, type Run } from '../api/generated'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { FormDialog } from '../ui/FormDialog'
import { Icon } from '../ui/Icon'

/** Pauses a run, or lets a paused one go on. */
export function PauseButton({ run }: { run: Run }) {
  return run.status === 'suspended' ? <Resume run={run} /> : <Pause run={run} />
}

function Pause({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false)
  const [pause, { isLoading, error }] = usePauseRunMutation()
  async function send(form: FormData) {
    const answer = await pause({ runId: run.id, body: { reason: String(form.get('reason')) } })
    if (answer.data) setAsking(false)
  }
  return (
    <>
      <Button variant="outlined" startIcon={<Icon name="pause" />} onClick={() => setAsking(true)}>
        Pause
      </Button>
      {asking && (
        <FormDialog title="Pause this run?" yes="Pause the run" no="Let it run" busy={isLoading} error={error} what="The run was not paused" onYes={(form) => void send(form)} onClose={() => setAsking(false)}>
          <span>
            Steps that are under way come to their end, then nothing more is begun until somebody resumes it. Timers and deadlines go on.
          </span>
          <TextField name="reason" label="Why (optional)" slotProps={{ htmlInput: { maxLength: 500 } }} />
        </FormDialog>
      )}
    </>
  )
}

function Resume({ run }: { run: Run }) {
  const [resume, { isLoading, error, reset }] = useResumeRunMutation()
  return (
    <>
      <Button variant="contained" startIcon={<Icon name="run" />} loading={isLoading} onClick={() => void resume({ runId: run.id })}>
        Resume
      </Button>
      <ConfirmDialog open={error !== undefined} title="The run was not resumed" yes="Try again" no="Close" error={error} onYes={() => void resume({ runId: run.id })} onClose={reset}>
        {null}
      </ConfirmDialog>
    </>
  )
}
