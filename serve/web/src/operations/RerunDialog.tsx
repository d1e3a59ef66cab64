import Checkbox from '@mui/material/Checkbox'
import FormControlLabel from '@mui/material/FormControlLabel'
import TextField from '@mui/material/TextField'
import { useEffect, useMemo, useState } from 'react'

import { useRerunRunMutation, type JournalEntry, type RerunRequest, type Run } from '../api/generated'
import { useIdempotencyKey } from '../api/useIdempotencyKey'
import { useNavigate } from '../router'
import { FormDialog } from '../ui/FormDialog'
import { ProblemAlert } from '../ui/ProblemAlert'
import { readJson } from '../ui/readJson'
import { LazyEditor } from '../workflows/LazyEditor'
import { keyOf, placesOf, placeText, type StepPlace } from './places'
import { Preview } from './Preview'
import { VersionField } from './VersionField'

const START = 'start'
const PAUSE_MS = 250

interface RerunDialogProps {
  run: Run
  entries: readonly JournalEntry[]
  /** Where the person began; undefined: from the start. */
  from: StepPlace | undefined
  onClose: () => void
}

/** Runs it again: from the start or a step, on this or another version, with the same input or another. */
export function RerunDialog({ run, entries, from, onClose }: RerunDialogProps) {
  const navigate = useNavigate()
  const { namespace, name, version: own } = run.workflow
  const places = useMemo(() => placesOf(entries), [entries])
  const [where, setWhere] = useState(from === undefined ? START : keyOf(from))
  const [version, setVersion] = useState(own)
  const [changing, setChanging] = useState(false)
  const place = where === START ? undefined : places.find((one) => keyOf(one) === where)
  const given = place === undefined ? run.input : inputOf(entries, place)
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string>()
  const [look, looked] = useRerunRunMutation()
  const keyOfBody = useIdempotencyKey()
  const [rerun, { isLoading, error }] = useRerunRunMutation()

  useEffect(() => {
    const body: RerunRequest = { ...placeOf(place), version, dry_run: true }
    const timer = setTimeout(() => void look({ runId: run.id, body }), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [run.id, place, version, look])

  function change(on: boolean) {
    setChanging(on)
    setText(JSON.stringify(given ?? null, null, 2))
  }

  async function send() {
    const read = changing ? readJson(text) : undefined
    if (read !== undefined && 'fault' in read) return setFault(read.fault)
    setFault(undefined)
    const input = read === undefined ? {} : { [place === undefined ? 'input' : 'step_input']: read.value }
    const body: RerunRequest = { ...placeOf(place), version, ...input }
    const answer = await rerun({ runId: run.id, body, 'Idempotency-Key': keyOfBody(body) })
    if (answer.data !== undefined && 'id' in answer.data) {
      onClose()
      void navigate(`/runs/${answer.data.id}`)
    }
  }

  return (
    <FormDialog
      title="Run it again" yes="Run again" busy={isLoading} disabled={looked.isError} error={error} what="No run was started"
      onYes={() => void send()} onClose={onClose}
    >
      <span>This starts a new run and leaves this one as it is. From a step, what was done before that step is taken over, not done again.</span>
      <TextField
        select label="From" value={where} slotProps={{ select: { native: true }, inputLabel: { shrink: true } }}
        onChange={(event) => {
          setWhere(event.target.value)
          setChanging(false)
        }}
      >
        <option value={START}>the start</option>
        {places.map((one) => (
          <option key={keyOf(one)} value={keyOf(one)}>
            {placeText(one)}
          </option>
        ))}
      </TextField>
      <VersionField namespace={namespace} name={name} value={version} own={own} onChange={setVersion} />
      <div>
        <FormControlLabel
          control={<Checkbox size="small" checked={changing} onChange={(event) => change(event.target.checked)} />}
          label={place === undefined ? 'Change the input' : 'Change what the step is given'}
        />
        {changing && <LazyEditor label={place === undefined ? 'Input' : 'Input of the step'} text={text} language="json" height={180} onChange={setText} />}
        {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
      </div>
      {looked.isError ? <ProblemAlert error={looked.error} what="It cannot be run again like this" /> : <Preview one preview={looked.data !== undefined && 'count' in looked.data ? looked.data : undefined} />}
    </FormDialog>
  )
}

function placeOf(place: StepPlace | undefined): Pick<RerunRequest, 'task' | 'path'> {
  return place === undefined ? {} : { task: place.task, path: place.path }
}

/** What a step was given when it was begun last. */
function inputOf(entries: readonly JournalEntry[], place: StepPlace): unknown {
  const start = entries.findLast((entry) => entry.type === 'task.started' && keyOf(entry) === keyOf(place))
  return start?.data.input
}
