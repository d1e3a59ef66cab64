import Button from '@mui/material/Button'
import FormControl from '@mui/material/FormControl'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormLabel from '@mui/material/FormLabel'
import Radio from '@mui/material/Radio'
import RadioGroup from '@mui/material/RadioGroup'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useMemo, useState, type FormEvent } from 'react'

import type { AnswerRequest } from '../api/generated'
import { problemOf } from '../api/problem'
import { ProblemAlert } from '../ui/ProblemAlert'
import { readJson } from '../ui/readJson'
import { LazyEditor } from '../workflows/LazyEditor'
import { dataOf, fieldsOf, initialValues } from './form'
import { FormFields } from './FormFields'

interface AnswerFormProps {
  decisions: readonly string[]
  form: Record<string, unknown> | null
  busy: boolean
  error: unknown
  onAnswer: (answer: AnswerRequest) => void
}

/** What is asked, field by field, and the decision. One answer counts, so the button says which one it sends. */
export function AnswerForm({ decisions, form, busy, error, onAnswer }: AnswerFormProps) {
  const fields = useMemo(() => fieldsOf(form), [form])
  const [values, setValues] = useState(() => initialValues(fields ?? []))
  const [text, setText] = useState('{}')
  const [decision, setDecision] = useState(decisions.length === 1 ? (decisions[0] ?? '') : '')
  const [comment, setComment] = useState('')
  const [fault, setFault] = useState<string>()
  const problem = problemOf(error)

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (decision === '') return setFault('Choose a decision first.')
    const written = fields === undefined ? readJson(text) : { value: dataOf(fields, values) }
    if ('fault' in written) return setFault(`The data is not JSON: ${written.fault}`)
    setFault(undefined)
    onAnswer({ decision, comment, ...(form === null ? {} : { data: written.value }) })
  }

  return (
    <form onSubmit={submit} aria-label="Answer" data-testid="answer-form">
      <Stack sx={{ gap: 4, pt: 2 }}>
        {fields !== undefined ? (
          <FormFields fields={fields} values={values} problem={problem} onChange={setValues} />
        ) : (
          <>
            <Typography variant="body2" sx={{ color: 'text.secondary' }}>
              This asks for more than a form can show: write the data as JSON.
            </Typography>
            <LazyEditor label="Data" text={text} language="json" height={200} onChange={setText} />
          </>
        )}
        <FormControl required>
          <FormLabel id="decision-label" sx={{ fontSize: '0.8125rem', fontWeight: 600 }}>
            Decision
          </FormLabel>
          <RadioGroup row aria-labelledby="decision-label" value={decision} onChange={(_, value) => setDecision(value)}>
            {decisions.map((one) => (
              <FormControlLabel key={one} value={one} control={<Radio size="small" />} label={one} />
            ))}
          </RadioGroup>
        </FormControl>
        <TextField label="Comment" multiline minRows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
        {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not sent yet', detail: fault, errors: [] }} />}
        <ProblemAlert error={error} what="The answer was not taken" />
        <Stack direction="row" sx={{ gap: 3, alignItems: 'center', flexWrap: 'wrap' }}>
          <Button type="submit" variant="contained" size="medium" loading={busy}>
            {decision === '' ? 'Answer' : `Answer: ${decision}`}
          </Button>
          <Typography variant="caption" sx={{ color: 'text.secondary' }}>
            One answer counts. The run goes on with it at once.
          </Typography>
        </Stack>
      </Stack>
    </form>
  )
}
