import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useTellStepOutcomeMutation, type Run, type UndecidedStep } from '../api/generated'
import { nameOf } from '../runs/timeline'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { FormDialog } from '../ui/FormDialog'
import { ProblemAlert } from '../ui/ProblemAlert'
import { readJson } from '../ui/readJson'
import { fullTime } from '../ui/Time'
import { LazyEditor } from '../workflows/LazyEditor'

/** Steps that were begun and may or may not have happened: a person looks, and tells. */
export function Undecided({ run, steps, mayTell }: { run: Run; steps: readonly UndecidedStep[]; mayTell: boolean }) {
  return steps.map((step) => (
    <Alert key={step.seq} severity="warning" variant="outlined" data-testid="undecided" sx={{ mb: 4, alignItems: 'flex-start' }}>
      <Typography variant="body2" sx={{ fontWeight: 600 }}>
        Nobody knows whether {nameOf(step.task)} happened
      </Typography>
      <Typography variant="body2">
        It was begun, and there was no answer before the connection or the process was lost ({fullTime(step.since)}). Look there, then
        tell it here; the run waits until then.
      </Typography>
      {mayTell && <Tell run={run} step={step} />}
    </Alert>
  ))
}

function Tell({ run, step }: { run: Run; step: UndecidedStep }) {
  const [saying, setSaying] = useState<'yes' | 'no'>()
  const [text, setText] = useState('{}')
  const [fault, setFault] = useState<string>()
  const [tell, { isLoading, error, reset }] = useTellStepOutcomeMutation()

  function close() {
    setSaying(undefined)
    reset()
  }

  async function send(happened: boolean) {
    const read = happened ? readJson(text) : { value: undefined }
    if ('fault' in read) return setFault(read.fault)
    setFault(undefined)
    const answer = await tell({ runId: run.id, seq: step.seq, outcomeRequest: happened ? { happened, output: read.value } : { happened } })
    if (answer.data) close()
  }

  return (
    <Stack direction="row" sx={{ gap: 2, mt: 2, flexWrap: 'wrap' }}>
      <Button variant="outlined" color="inherit" onClick={() => setSaying('yes')}>
        It happened
      </Button>
      <Button variant="outlined" color="inherit" onClick={() => setSaying('no')}>
        It did not happen
      </Button>
      {saying === 'yes' && (
        <FormDialog title={`${nameOf(step.task)} happened`} yes="Go on with this" busy={isLoading} error={error} what="It was not taken" onYes={() => void send(true)} onClose={close}>
          <span>The step counts as done and is not done again. The run goes on with this as its output:</span>
          <LazyEditor label="Output of the step" text={text} language="json" height={160} onChange={setText} />
          {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
        </FormDialog>
      )}
      <ConfirmDialog
        open={saying === 'no'} title={`${nameOf(step.task)} did not happen?`} yes="It did not happen" no="Not sure yet" danger busy={isLoading} error={error}
        onYes={() => void send(false)} onClose={close}
      >
        The step is done again. If it did happen after all, it happens twice.
      </ConfirmDialog>
    </Stack>
  )
}
