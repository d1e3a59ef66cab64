import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect, useState, type ReactNode } from 'react'

import { usePutWorkflowMutation, type StoredVersion } from '../api/generated'
import { problemOf } from '../api/problem'
import { useBlocker } from '../router'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Icon } from '../ui/Icon'
import { ProblemAlert } from '../ui/ProblemAlert'
import { LazyEditor } from './LazyEditor'
import { useFaults, type Check } from './useFaults'

interface DefinitionEditorProps {
  text: string
  /** Without change there is nothing to save. */
  isNew: boolean
  onSaved: (version: StoredVersion) => void
  beside?: ReactNode
}

/** Writes a version of a workflow; its faults are shown on their lines while typing. */
export function DefinitionEditor({ text: begin, isNew, onSaved, beside }: DefinitionEditorProps) {
  const [text, setText] = useState(begin)
  const check = useFaults(text)
  const [put, { isLoading, error }] = usePutWorkflowMutation()
  const [saved, setSaved] = useState<StoredVersion>()
  const changed = text !== begin && saved === undefined
  const { attempt, dismiss } = useBlocker(changed)
  const problem = problemOf(error)

  useEffect(() => {
    if (saved !== undefined) onSaved(saved)
  }, [saved, onSaved])

  async function save() {
    if (!isNew && !changed) return
    const answer = await put({ body: text })
    if (answer.data) setSaved(answer.data)
  }

  return (
    <Stack sx={{ gap: 3 }}>
      <Stack direction="row" sx={{ gap: 3, alignItems: 'center', flexWrap: 'wrap' }}>
        <Verdict check={check} />
        <Stack direction="row" sx={{ gap: 2, ml: 'auto' }}>
          {beside}
          <Button variant="contained" loading={isLoading} disabled={check.state === 'faulty' || (!isNew && !changed)} onClick={() => void save()}>
            Save version
          </Button>
        </Stack>
      </Stack>
      {problem !== undefined && (
        <ProblemAlert error={problem.status === 409 ? { ...problem, detail: `${problem.detail} Versions never change: raise document.version.` } : problem} what="The version was not stored" />
      )}
      <LazyEditor label="Definition" text={text} language="yaml" faults={check.faults} onChange={setText} onSave={() => void save()} height="clamp(320px, calc(100dvh - 330px), 900px)" />
      <Faults check={check} />
      <ConfirmDialog
        open={attempt !== undefined} title="Leave without saving?" yes="Leave" no="Stay" danger
        onYes={() => attempt?.goOn()} onClose={dismiss}
      >
        What you changed here is lost.
      </ConfirmDialog>
    </Stack>
  )
}

function Verdict({ check }: { check: Check }) {
  const count = check.faults.length
  const looks = {
    checking: { icon: 'clock', color: 'text.secondary', text: 'Checking …' },
    valid: { icon: 'check', color: 'success.main', text: 'Valid' },
    faulty: { icon: 'alert', color: 'error.main', text: `${count} ${count === 1 ? 'fault' : 'faults'}` },
    unknown: { icon: 'offline', color: 'warning.main', text: 'Not checked: no answer' },
  } as const
  const { icon, color, text } = looks[check.state]
  return (
    <Stack direction="row" role="status" sx={{ alignItems: 'center', gap: 1, color, minHeight: 32 }}>
      <Icon name={icon} />
      <Typography variant="body2" sx={{ fontWeight: 600 }}>
        {text}
      </Typography>
    </Stack>
  )
}

function Faults({ check }: { check: Check }) {
  if (check.faults.length === 0) return null
  return (
    <Box component="ul" aria-label="Faults" data-testid="faults" sx={{ m: 0, pl: 5, fontSize: '0.8125rem', color: 'error.main' }}>
      {check.faults.slice(0, 20).map((fault, index) => (
        <li key={index}>
          {fault.line ? `Line ${fault.line}: ` : ''}
          {fault.pointer !== '' && <code>{fault.pointer}</code>} {fault.detail}
        </li>
      ))}
    </Box>
  )
}

export function DslLink() {
  return (
    <Link href="https://github.com/serverlessworkflow/specification/blob/v1.0.3/dsl-reference.md" target="_blank" rel="noopener noreferrer" variant="body2">
      The language
    </Link>
  )
}
