import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useState, type FormEvent } from 'react'

import { useDeleteSampleMutation, usePutSampleMutation, type Sample, type Workflow } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { useMay } from '../app/permissions'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { LazyEditor } from '../workflows/LazyEditor'
import { DryRun } from './DryRun'
import { sampleOf } from './sample'

interface SampleFormProps {
  workflow: Workflow
  /** Undefined: a new one. */
  sample: Sample | undefined
  onSaved: (sample: string) => void
  onDeleted: () => void
}

/** One sample: its name, its input, and what calls answer. */
export function SampleForm({ workflow, sample, onSaved, onDeleted }: SampleFormProps) {
  const may = useMay()
  const { namespace, name: workflowName } = workflow
  const [name, setName] = useState(sample?.sample ?? '')
  const [input, setInput] = useState(JSON.stringify(sample?.input ?? {}, null, 2))
  const [outputs, setOutputs] = useState(JSON.stringify(sample?.outputs ?? {}, null, 2))
  const [fault, setFault] = useState<string>()
  const [put, { isLoading, error, isSuccess }] = usePutSampleMutation()
  const problem = problemOf(error)
  const mayWrite = may('workflow:write')

  async function save(event?: FormEvent) {
    event?.preventDefault()
    const read = sampleOf(input, outputs)
    if ('fault' in read) return setFault(read.fault)
    setFault(undefined)
    const answer = await put({ namespace, name: workflowName, sample: name, sampleData: read.data })
    if (answer.data) onSaved(name)
  }

  return (
    <form onSubmit={(event) => void save(event)} aria-label={sample === undefined ? 'New sample' : `Sample ${sample.sample}`}>
      <Stack sx={{ gap: 4, minWidth: 0 }}>
        <Stack direction="row" sx={{ gap: 2, flexWrap: 'wrap', alignItems: 'center' }}>
          {sample === undefined ? (
            <TextField
              label="Name" required value={name} onChange={(event) => setName(event.target.value)} error={faultsAt(problem, '/sample') !== undefined}
              helperText={faultsAt(problem, '/sample')} slotProps={{ htmlInput: { maxLength: 63 } }}
            />
          ) : (
            <Typography variant="h2" sx={{ overflowWrap: 'anywhere' }}>{sample.sample}</Typography>
          )}
          <Stack direction="row" sx={{ gap: 2, ml: 'auto', flexWrap: 'wrap' }}>
            {sample !== undefined && <DryRun workflow={workflow} sample={sample.sample} />}
            {sample !== undefined && mayWrite && <Delete workflow={workflow} sample={sample.sample} onDeleted={onDeleted} />}
            {mayWrite && (
              <Button type="submit" variant="contained" loading={isLoading}>
                Save
              </Button>
            )}
          </Stack>
        </Stack>
        {fault !== undefined && <ProblemAlert error={{ status: 400, title: 'Not saved', detail: fault, errors: [] }} />}
        <ProblemAlert error={error} what="The sample was not saved" />
        {isSuccess && (
          <Typography variant="body2" role="status" sx={{ color: 'text.secondary' }}>
            Saved.
          </Typography>
        )}
        <Panel title="Input">
          <LazyEditor label="Input" text={input} language="json" height={200} readOnly={!mayWrite} onChange={setInput} onSave={() => void save()} />
        </Panel>
        <Panel title="What calls answer in a dry run">
          <Typography variant="body2" sx={{ color: 'text.secondary', mb: 2 }}>
            By the pointer of the task, such as <code>{'{"/do/0/charge": {"id": "ch_1"}}'}</code>. Other calls answer what they would have sent.
          </Typography>
          <LazyEditor label="What calls answer" text={outputs} language="json" height={160} readOnly={!mayWrite} onChange={setOutputs} onSave={() => void save()} />
        </Panel>
      </Stack>
    </form>
  )
}

function Delete({ workflow, sample, onDeleted }: { workflow: Workflow; sample: string; onDeleted: () => void }) {
  const [asking, setAsking] = useState(false)
  const [remove, { isLoading, error }] = useDeleteSampleMutation()
  async function yes() {
    const answer = await remove({ namespace: workflow.namespace, name: workflow.name, sample })
    if (answer.error === undefined) onDeleted()
  }
  return (
    <>
      <Button variant="outlined" color="error" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog open={asking} title={`Delete ${sample}?`} yes="Delete it" danger busy={isLoading} error={error} onYes={() => void yes()} onClose={() => setAsking(false)}>
        The sample is gone then. Runs that were started with it stay as they are.
      </ConfirmDialog>
    </>
  )
}
