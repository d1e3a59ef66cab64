import Button from '@mui/material/Button'
import IconButton from '@mui/material/IconButton'
import Menu from '@mui/material/Menu'
import MenuItem from '@mui/material/MenuItem'
import { useState } from 'react'

import { useCancelRunMutation, type Run } from '../api/generated'
import { useMay } from '../app/permissions'
import { FINAL } from '../runs/runsSlice'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Icon } from '../ui/Icon'
import { MoveDialog } from './MoveDialog'
import { PauseButton } from './PauseButton'
import { SignalDialog } from './SignalDialog'

/** What can be done to a run. */
export function RunActions({ run, onRerun }: { run: Run; onRerun: () => void }) {
  const may = useMay()
  const open = !FINAL.has(run.status)
  const operate = may('run:operate')
  return (
    <>
      {operate && (
        <Button variant="outlined" startIcon={<Icon name="retry" />} onClick={onRerun}>
          Run again
        </Button>
      )}
      {open && operate && <PauseButton run={run} />}
      {open && may('run:cancel') && <Cancel run={run} />}
      {open && operate && <More run={run} />}
    </>
  )
}

function More({ run }: { run: Run }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  const [open, setOpen] = useState<'signal' | 'move'>()

  function choose(what: 'signal' | 'move') {
    setAnchor(null)
    setOpen(what)
  }

  return (
    <>
      <IconButton aria-label="More that can be done" aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)}>
        <Icon name="more" />
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <MenuItem onClick={() => choose('signal')}>Send a signal …</MenuItem>
        <MenuItem onClick={() => choose('move')}>Move to another version …</MenuItem>
      </Menu>
      {open === 'signal' && <SignalDialog run={run} onClose={() => setOpen(undefined)} />}
      {open === 'move' && <MoveDialog run={run} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function Cancel({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false)
  const [cancel, { isLoading, error }] = useCancelRunMutation()
  async function yes() {
    const answer = await cancel({ runId: run.id })
    if (answer.data) setAsking(false)
  }
  return (
    <>
      <Button variant="outlined" color="error" disabled={run.cancel_requested_at !== null} onClick={() => setAsking(true)}>
        {run.cancel_requested_at === null ? 'Cancel' : 'Being cancelled'}
      </Button>
      <ConfirmDialog
        open={asking} title="Cancel this run?" yes="Cancel the run" no="Let it run" danger busy={isLoading} error={error}
        onYes={() => void yes()} onClose={() => setAsking(false)}
      >
        <strong>{run.workflow.name}</strong> stops after what is under way right now; what its definition wants done in the end is still
        done. Calls that were made are not undone, and a cancelled run cannot go on. You can run it again.
      </ConfirmDialog>
    </>
  )
}
