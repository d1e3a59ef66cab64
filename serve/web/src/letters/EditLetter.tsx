import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useEditDeadLetterMutation, type DeadLetter, type DeadLetterEdits } from '../api/generated'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { JsonView } from '../ui/JsonView'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { LazyEditor } from '../workflows/LazyEditor'
import { editsOf, sameJson } from './edits'

function textOf(value: unknown): string {
  return JSON.stringify(value ?? null, null, 2)
}

/** What the run and the failed step were given; changed here, the next retry begins with it. */
export function EditLetter({ letter, mayEdit }: { letter: DeadLetter; mayEdit: boolean }) {
  const edits = (letter.edits ?? {}) as DeadLetterEdits
  const given = { input: textOf(letter.input), step_input: textOf(letter.step_input) }
  const kept = { input: 'input' in edits ? textOf(edits.input) : given.input, step_input: 'step_input' in edits ? textOf(edits.step_input) : given.step_input }
  const [texts, setTexts] = useState(kept)
  const [fault, setFault] = useState<string>()
  const [clearing, setClearing] = useState(false)
  const [edit, { isLoading, error, isSuccess }] = useEditDeadLetterMutation()
  const changed = !sameJson(texts.input, kept.input) || !sameJson(texts.step_input, kept.step_input)

  async function save() {
    const deadLetterEdits = editsOf(texts, given)
    if ('fault' in deadLetterEdits) return setFault(deadLetterEdits.fault)
    setFault(undefined)
    await edit({ runId: letter.run_id, deadLetterEdits: deadLetterEdits.edits })
  }

  async function clear() {
    const answer = await edit({ runId: letter.run_id, deadLetterEdits: {} })
    if (answer.data === undefined) return
    setTexts(given)
    setClearing(false)
  }

  const hasStep = letter.task !== null
  return (
    <>
      <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: hasStep ? 'repeat(2, minmax(0, 1fr))' : 'minmax(0, 1fr)' } }}>
        {hasStep && (
          <Panel title="What the failed step was given">
            {mayEdit ? (
              <LazyEditor label="What the failed step was given" text={texts.step_input} language="json" height={240} onChange={(text) => setTexts((now) => ({ ...now, step_input: text }))} onSave={() => void save()} />
            ) : (
              <JsonView value={edits.step_input ?? letter.step_input} label="What the failed step was given" />
            )}
          </Panel>
        )}
        <Panel title="What the run was given">
          {mayEdit ? (
            <LazyEditor label="What the run was given" text={texts.input} language="json" height={240} onChange={(text) => setTexts((now) => ({ ...now, input: text }))} onSave={() => void save()} />
          ) : (
            <JsonView value={edits.input ?? letter.input} label="What the run was given" />
          )}
        </Panel>
      </Box>
      {mayEdit && (
        <Stack direction="row" sx={{ gap: 2, alignItems: 'center', flexWrap: 'wrap' }}>
          <Button variant="contained" disabled={!changed} loading={isLoading} onClick={() => void save()}>
            Save for the next retry
          </Button>
          {letter.edits !== null && (
            <Button color="inherit" onClick={() => setClearing(true)}>
              Take the edits back
            </Button>
          )}
          <Typography variant="body2" role="status" sx={{ color: 'text.secondary' }}>
            {isSuccess && !changed ? 'Saved. The next retry begins with it.' : changed ? 'Not saved yet.' : ''}
          </Typography>
        </Stack>
      )}
      {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not JSON', detail: fault, errors: [] }} />}
      <ProblemAlert error={error} what="It was not saved" />
      <ConfirmDialog open={clearing} title="Take the edits back?" yes="Take them back" danger busy={isLoading} error={error} onYes={() => void clear()} onClose={() => setClearing(false)}>
        The next retry begins with what was recorded, and what was written here is lost.
      </ConfirmDialog>
    </>
  )
}
