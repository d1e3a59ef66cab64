import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import MenuItem from '@mui/material/MenuItem'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import { useState, type FormEvent } from 'react'

import { usePutConnectionMutation, type Connection, type ConnectionRequest } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { ProblemAlert } from '../ui/ProblemAlert'

type Kind = 'none' | 'bearer' | 'basic' | 'header'

const SECRETS: Record<Kind, { name: string; label: string; secret: boolean }[]> = {
  none: [],
  bearer: [{ name: 'token', label: 'Token', secret: true }],
  basic: [
    { name: 'username', label: 'User', secret: false },
    { name: 'password', label: 'Password', secret: true },
  ],
  header: [
    { name: 'name', label: 'Header, such as X-Api-Key', secret: false },
    { name: 'value', label: 'Value', secret: true },
  ],
}

function authOf(kind: Kind, form: FormData): ConnectionRequest['auth'] {
  if (kind === 'none') return null
  const values = Object.fromEntries(SECRETS[kind].map((one) => [one.name, String(form.get(one.name))]))
  return { kind, ...values } as ConnectionRequest['auth']
}

function requestOf(kind: Kind, form: FormData): ConnectionRequest {
  const requests = Number(form.get('requests'))
  return {
    base_url: String(form.get('base_url')),
    auth: authOf(kind, form),
    quota: requests > 0 ? { requests, per_seconds: Number(form.get('per_seconds')) || 60 } : null,
    breaker: { failures: Number(form.get('failures')), reset_seconds: Number(form.get('reset_seconds')) },
  }
}

/** Makes or replaces a connection. Secrets are never shown, so they are typed anew. */
export function ConnectionDialog({ connection, onClose }: { connection: Connection | undefined; onClose: () => void }) {
  const [kind, setKind] = useState<Kind>(connection?.auth?.kind ?? 'none')
  const [put, { error, isLoading }] = usePutConnectionMutation()
  const problem = problemOf(error)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const name = connection?.name ?? String(form.get('id'))
    const answer = await put({ name, connectionRequest: requestOf(kind, form) })
    if (answer.data) onClose()
  }

  function at(pointer: string) {
    const fault = faultsAt(problem, pointer)
    return { error: fault !== undefined, helperText: fault }
  }

  return (
    <Dialog open onClose={onClose} aria-labelledby="connection-title">
      <form onSubmit={(event) => void submit(event)}>
        <DialogTitle id="connection-title" sx={{ fontSize: '1rem', fontWeight: 650 }}>
          {connection === undefined ? 'New connection' : `Change ${connection.name}`}
        </DialogTitle>
        <DialogContent>
          <Stack sx={{ gap: 4, pt: 2 }}>
            {connection === undefined && (
              <TextField name="id" label="Name" required autoFocus slotProps={{ htmlInput: { pattern: '[a-z0-9]([a-z0-9\\-]{0,61}[a-z0-9])?', maxLength: 63 } }}
                {...at('/name')} helperText={faultsAt(problem, '/name') ?? 'Small letters, digits and dashes. Workflows use it.'} />
            )}
            <TextField name="base_url" label="Address" type="url" placeholder="https://api.example.com" required defaultValue={connection?.base_url} {...at('/base_url')} />
            <TextField select label="Authentication" value={kind} onChange={(event) => setKind(event.target.value as Kind)} {...at('/auth')}>
              <MenuItem value="none">None</MenuItem>
              <MenuItem value="bearer">Bearer token</MenuItem>
              <MenuItem value="basic">User and password</MenuItem>
              <MenuItem value="header">Header of its own</MenuItem>
            </TextField>
            {SECRETS[kind].map((one) => (
              <TextField key={one.name} name={one.name} label={one.label} required type={one.secret ? 'password' : 'text'} autoComplete="off"
                defaultValue={one.secret ? '' : (connection?.auth?.[one.name as 'username' | 'name'] ?? '')} {...at(`/auth/${kind}/${one.name}`)} />
            ))}
            <Stack direction="row" sx={{ gap: 3 }}>
              <TextField name="requests" label="At most so many requests" type="number" fullWidth defaultValue={connection?.quota?.requests ?? ''} slotProps={{ htmlInput: { min: 1 } }} {...at('/quota')} />
              <TextField name="per_seconds" label="in seconds" type="number" fullWidth defaultValue={connection?.quota?.per_seconds ?? 60} slotProps={{ htmlInput: { min: 1, max: 86400 } }} />
            </Stack>
            <Stack direction="row" sx={{ gap: 3 }}>
              <TextField name="failures" label="Rest after failures in a row" type="number" required fullWidth defaultValue={connection?.breaker.failures ?? 5} slotProps={{ htmlInput: { min: 1, max: 1000 } }} {...at('/breaker')} />
              <TextField name="reset_seconds" label="for seconds" type="number" required fullWidth defaultValue={connection?.breaker.reset_seconds ?? 30} slotProps={{ htmlInput: { min: 1, max: 86400 } }} />
            </Stack>
          </Stack>
          <ProblemAlert error={error} what="The connection was not stored" />
        </DialogContent>
        <DialogActions sx={{ px: 6, pb: 4 }}>
          <Button color="inherit" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" loading={isLoading}>
            {connection === undefined ? 'Create' : 'Save'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
