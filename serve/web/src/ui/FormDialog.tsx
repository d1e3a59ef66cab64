import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Stack from '@mui/material/Stack'
import { useId, type FormEvent, type ReactNode } from 'react'

import { ProblemAlert } from './ProblemAlert'

interface FormDialogProps {
  title: string
  children: ReactNode
  yes: string
  no?: string
  danger?: boolean
  busy?: boolean
  disabled?: boolean
  error?: unknown
  /** What did not happen when there is an error, such as "The task was not assigned". */
  what?: string
  onYes: (form: FormData) => void
  onClose: () => void
}

/** Asks for what an action needs, says what it will do, and does it. */
export function FormDialog(props: FormDialogProps) {
  const { title, children, yes, no = 'Not now', danger = false, busy = false, disabled = false, error, what, onYes, onClose } = props
  const id = useId()

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    onYes(new FormData(event.currentTarget))
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby={id}>
      <form onSubmit={submit}>
        <DialogTitle id={id} sx={{ fontSize: '1rem', fontWeight: 650 }}>
          {title}
        </DialogTitle>
        <DialogContent sx={{ fontSize: '0.875rem' }}>
          <Stack sx={{ gap: 4, pt: 2 }}>{children}</Stack>
          <ProblemAlert error={error} {...(what === undefined ? {} : { what })} />
        </DialogContent>
        <DialogActions sx={{ px: 6, pb: 4 }}>
          <Button color="inherit" onClick={onClose}>
            {no}
          </Button>
          <Button type="submit" variant="contained" color={danger ? 'error' : 'primary'} loading={busy} disabled={disabled}>
            {yes}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
