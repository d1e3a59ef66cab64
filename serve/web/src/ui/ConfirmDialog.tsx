import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import { useId, type ReactNode } from 'react'

import { ProblemAlert } from './ProblemAlert'

interface ConfirmDialogProps {
  open: boolean
  title: string
  /** What it will touch. */
  children: ReactNode
  yes: string
  no?: string
  danger?: boolean
  busy?: boolean
  error?: unknown
  onYes: () => void
  onClose: () => void
}

/** Shows what will happen before it does. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { open, title, children, yes, no = 'Keep it', danger = false, busy = false, error, onYes, onClose } = props
  const id = useId()
  return (
    <Dialog open={open} onClose={onClose} aria-labelledby={id} maxWidth="xs">
      <DialogTitle id={id} sx={{ fontSize: '1rem', fontWeight: 650 }}>
        {title}
      </DialogTitle>
      <DialogContent sx={{ fontSize: '0.875rem' }}>
        {children}
        <ProblemAlert error={error} />
      </DialogContent>
      <DialogActions sx={{ px: 6, pb: 4 }}>
        <Button onClick={onClose} color="inherit">
          {no}
        </Button>
        <Button variant="contained" color={danger ? 'error' : 'primary'} loading={busy} onClick={onYes}>
          {yes}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
