import Box from '@mui/material/Box'
import Button, { type ButtonProps } from '@mui/material/Button'
import Checkbox from '@mui/material/Checkbox'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import FormControlLabel from '@mui/material/FormControlLabel'
import Typography from '@mui/material/Typography'
import { useRef, useState } from 'react'

import { useListSamplesQuery, useStartRunMutation, type Workflow } from '../api/generated'
import { api } from '../api'
import { randomKey } from '../api/randomKey'
import { useMay } from '../app/permissions'
import { useAppDispatch } from '../app/store'
import { useNavigate } from '../router'
import { Picker } from '../ui/Picker'
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
  const [dryRun, setDryRun] = useState(false)
  const [sample, setSample] = useState('')
  const [fault, setFault] = useState<string>()
  const key = useRef(randomKey())
  const [start, { isLoading, error }] = useStartRunMutation()
  if (!may('run:start')) return null

  function edit(changed: string) {
    setText(changed)
    // Another input is another run; the same one, sent twice, is one.
    key.current = randomKey()
  }

  function choose(chosen: string, input: string | undefined) {
    setSample(chosen)
    if (input !== undefined) edit(input)
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
    const answer = await start({ namespace, name, body: text, ...(dryRun ? { dryRun, ...(sample ? { sample } : {}) } : {}), 'Idempotency-Key': key.current, ...(version ? { version } : {}) })
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
          <FromSample workflow={workflow} chosen={sample} onChoose={choose} />
          <LazyEditor label="Input" text={text} language="json" height={220} onChange={edit} onSave={() => void send()} />
          <FormControlLabel
            sx={{ mt: 2 }}
            control={<Checkbox size="small" checked={dryRun} onChange={(event) => setDryRun(event.target.checked)} />}
            label="Dry run: calls to the outside are not made, waits end at once"
          />
          {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
          <ProblemAlert error={error} what="The run was not started" />
        </DialogContent>
        <DialogActions sx={{ px: 6, pb: 4 }}>
          <Button color="inherit" onClick={() => setOpen(false)}>
            Not now
          </Button>
          <Button variant="contained" loading={isLoading} onClick={() => void send()}>
            {dryRun ? 'Try' : 'Start'}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  )
}

interface FromSampleProps {
  workflow: Workflow
  chosen: string
  onChoose: (sample: string, text: string | undefined) => void
}

/** Takes the input of a kept sample, where there are any. */
function FromSample({ workflow, chosen, onChoose }: FromSampleProps) {
  const { namespace, name } = workflow
  const { data } = useListSamplesQuery({ namespace, name })
  const dispatch = useAppDispatch()
  if (data === undefined || data.items.length === 0) return null

  async function choose(sample: string) {
    if (sample === '') return onChoose('', undefined)
    const answer = await dispatch(api.endpoints.getSample.initiate({ namespace, name, sample }, { subscribe: false }))
    if (answer.data) onChoose(sample, JSON.stringify(answer.data.input, null, 2))
  }

  return (
    <Box sx={{ mb: 2 }}>
      <Picker framed label="Input of a sample" value={chosen} onChange={(sample) => void choose(sample)}
        options={[['', 'Input of a sample …'], ...data.items.map((one) => [one.sample, one.sample] as const)]} />
    </Box>
  )
}
