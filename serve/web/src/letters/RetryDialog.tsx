import FormControl from '@mui/material/FormControl'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormLabel from '@mui/material/FormLabel'
import Radio from '@mui/material/Radio'
import RadioGroup from '@mui/material/RadioGroup'
import { useState } from 'react'

import { useRetryDeadLetterMutation, type DeadLetter } from '../api/generated'
import { VersionField } from '../operations/VersionField'
import { useNavigate } from '../router'
import { nameOf } from '../runs/timeline'
import { FormDialog } from '../ui/FormDialog'

/** Lets a run that gave up go on as a new run, from the step that failed or from the start. */
export function RetryDialog({ letter, onClose }: { letter: DeadLetter; onClose: () => void }) {
  const navigate = useNavigate()
  const { namespace, name, version: own } = letter.workflow
  const [from, setFrom] = useState<'step' | 'start'>(letter.task === null ? 'start' : 'step')
  const [version, setVersion] = useState(own)
  const [retry, { isLoading, error }] = useRetryDeadLetterMutation()

  async function send() {
    const answer = await retry({ runId: letter.run_id, body: { from, version } })
    if (answer.data) void navigate(`/runs/${answer.data.id}`)
  }

  return (
    <FormDialog title="Retry it" yes="Retry" busy={isLoading} error={error} what="It was not retried" onYes={() => void send()} onClose={onClose}>
      <span>
        A new run takes over what was done and goes on from there. {letter.edits === null ? 'Nothing was edited.' : 'It begins with what was edited.'}
      </span>
      <FormControl>
        <FormLabel id="from-label" sx={{ fontSize: '0.8125rem', fontWeight: 600 }}>
          From
        </FormLabel>
        <RadioGroup aria-labelledby="from-label" value={from} onChange={(_, value) => setFrom(value as 'step' | 'start')}>
          {letter.task !== null && <FormControlLabel value="step" control={<Radio size="small" />} label={`the step that failed: ${nameOf(letter.task)}`} />}
          <FormControlLabel value="start" control={<Radio size="small" />} label="the start: every call is made again" />
        </RadioGroup>
      </FormControl>
      <VersionField namespace={namespace} name={name} value={version} own={own} onChange={setVersion} />
    </FormDialog>
  )
}
