import Checkbox from '@mui/material/Checkbox'
import FormControl from '@mui/material/FormControl'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormLabel from '@mui/material/FormLabel'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useMakeTaskLinkMutation, type Task, type TaskLink } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { MONO } from '../app/theme'
import { FormDialog } from '../ui/FormDialog'
import { CopyButton } from '../ui/JsonView'
import { fullTime } from '../ui/Time'

const SPANS = [
  ['', 'Until the task is due'],
  ['3600', 'One hour'],
  ['86400', 'One day'],
  ['604800', 'One week'],
] as const

/** Makes a link with which somebody without an account answers. */
export function LinkDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const [decisions, setDecisions] = useState(task.decisions)
  const [make, { isLoading, error, data }] = useMakeTaskLinkMutation()
  const problem = problemOf(error)
  if (data !== undefined) return <Made link={data} onClose={onClose} />

  async function send(form: FormData) {
    const span = String(form.get('span'))
    await make({
      taskId: task.id,
      linkRequest: { name: String(form.get('name')), decisions, ...(span === '' ? {} : { expires_in: Number(span) }) },
    })
  }

  return (
    <FormDialog
      title="Make a link" yes="Make the link" busy={isLoading} disabled={decisions.length === 0} error={error} what="No link was made"
      onYes={(form) => void send(form)} onClose={onClose}
    >
      <span>Whoever has the link can answer this task, once, without an account. Give it to the right person only.</span>
      <TextField
        name="name" label="For whom" required error={faultsAt(problem, '/name') !== undefined}
        helperText={faultsAt(problem, '/name') ?? 'The answer is shown under this name.'} slotProps={{ htmlInput: { maxLength: 200 } }}
      />
      <FormControl>
        <FormLabel sx={{ fontSize: '0.8125rem', fontWeight: 600 }}>What they may decide</FormLabel>
        <Stack direction="row" sx={{ flexWrap: 'wrap' }}>
          {task.decisions.map((one) => (
            <FormControlLabel
              key={one} label={one}
              control={<Checkbox checked={decisions.includes(one)} onChange={(event) => setDecisions(task.decisions.filter((other) => (other === one ? event.target.checked : decisions.includes(other))))} />}
            />
          ))}
        </Stack>
      </FormControl>
      <TextField name="span" select label="Valid" defaultValue="" slotProps={{ select: { native: true }, inputLabel: { shrink: true } }}>
        {SPANS.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </TextField>
    </FormDialog>
  )
}

function Made({ link, onClose }: { link: TaskLink; onClose: () => void }) {
  const address = new URL(link.page, window.location.origin).href
  return (
    <FormDialog title="The link" yes="Done" no="Close" onYes={onClose} onClose={onClose}>
      <span>Copy it now: it is not shown again. It is valid until {fullTime(link.expires_at)}.</span>
      <Stack direction="row" sx={{ alignItems: 'center', gap: 2, minWidth: 0 }}>
        <Typography data-testid="task-link" sx={{ fontFamily: MONO, fontSize: '0.75rem', overflowWrap: 'anywhere', minWidth: 0 }}>
          {address}
        </Typography>
        <CopyButton text={address} label="Copy the link" />
      </Stack>
    </FormDialog>
  )
}
