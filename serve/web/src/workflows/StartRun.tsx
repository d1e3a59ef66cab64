import Button, { type ButtonProps } from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Typography from '@mui/material/Typography'
import { useRef, useState } from 'react'

import { useStartRunMutation, type Workflow } from '../api/generated'
import { randomKey } from '../api/randomKey'
import { useMay } from '../app/permissions'
import { useNavigate } from '../router'
import { ProblemAlert } from '../ui/ProblemAlert'
import { LazyEditor } from './LazyEditor'

interface StartRunProps {
  workflow: Workflow
  version?: string | undefined
  variant?: ButtonProps['variant']
}

/** Starts a run with an input, and goes to it. */
export function StartRun({ workflow, version, variant = 'text' }: StartRunProps) {
  const may = useMay()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('{}')
  const [fault, setFault] = useState<string>()
  const key = useRef(randomKey())
  const [start, { isLoading, error }] = useStartRunMutation()
  if (!may('run:start')) return null

  function edit(changed: string) {
    setText(changed)
    // Another input is another run; the same one, sent twice, is one.
    key.current = randomKey()
  }

  async function send() {
    try {
      JSON.parse(text)
    } catch (caught) {
      setFault(caught instanceof Error ? caught.message : String(caught))
      return
    }
    setFault(undefined)
    const { namespace, name } = workflow
    const answer = await start({ namespace, name, body: text, 'Idempotency-Key': key.current, ...(version ? { version } : {}) })
    if (answer.data) void navigate(`/runs/${answer.data.id}`)
  }

  return (
    <>
      <Button variant={variant} disabled={!workflow.enabled} onClick={() => setOpen(true)}>
        Start a run
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} aria-labelledby="start-title">
        <DialogTitle id="start-title" sx={{ fontSize: '1rem', fontWeight: 650 }}>
          Start {workflow.name} {version ?? workflow.latest_version}
        </DialogTitle>
        <DialogContent>
          <Typography variant="body2" sx={{ color: 'text.secondary', mb: 2 }}>
            Its input, as JSON. A workflow on events gets a list of events.
          </Typography>
          <LazyEditor label="Input" text={text} language="json" height={220} onChange={edit} onSave={() => void send()} />
          {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
          <ProblemAlert error={error} what="The run was not started" />
        </DialogContent>
        <DialogActions sx={{ px: 6, pb: 4 }}>
          <Button color="inherit" onClick={() => setOpen(false)}>
            Not now
          </Button>
          <Button variant="contained" loading={isLoading} onClick={() => void send()}>
            Start
          </Button>
        </DialogActions>
      </Dialog>
    </>
  )
}
