import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useSignalRunMutation, type Run } from '../api/generated'
import { FormDialog } from '../ui/FormDialog'
import { ProblemAlert } from '../ui/ProblemAlert'
import { readJson } from '../ui/readJson'
import { LazyEditor } from '../workflows/LazyEditor'

/** Sends a run a signal, as an event that only this run gets. */
export function SignalDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const [text, setText] = useState('{}')
  const [fault, setFault] = useState<string>()
  const [signal, { isLoading, error }] = useSignalRunMutation()

  async function send(form: FormData) {
    const read = readJson(text)
    if ('fault' in read) return setFault(read.fault)
    setFault(undefined)
    const answer = await signal({ runId: run.id, name: String(form.get('name')), body: text })
    if (answer.data) onClose()
  }

  return (
    <FormDialog title="Send a signal" yes="Send the signal" busy={isLoading} error={error} what="The signal was not sent" onYes={(form) => void send(form)} onClose={onClose}>
      <span>
        This run alone gets it, as an event of type <code>dev.tidewire.signal.&lt;name&gt;</code> that a <code>listen</code> step can wait for.
      </span>
      <TextField name="name" label="Name" required autoFocus helperText="Letters, digits, dots, dashes" slotProps={{ htmlInput: { pattern: '[A-Za-z0-9._\\-]+', maxLength: 100 } }} />
      <div>
        <Typography variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>
          Data, as JSON
        </Typography>
        <LazyEditor label="Data" text={text} language="json" height={160} onChange={setText} />
      </div>
      {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
    </FormDialog>
  )
}
