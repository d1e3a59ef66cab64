import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemText from '@mui/material/ListItemText'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { canUsePasskeys } from './browserKeys'
import { useGetFactorsQuery, useRemovePasskeyMutation, useRemoveTotpMutation, type Passkey } from './factors'
import { PasskeyDialog } from './PasskeyDialog'
import { RecoveryCodesDialog } from './RecoveryCodesDialog'
import { RenameDialog } from './RenameDialog'
import { TotpDialog } from './TotpDialog'

type Open = 'totp' | 'codes' | 'passkey' | 'remove-totp' | { rename: Passkey } | { remove: Passkey }

function day(text: string): string {
  return new Date(text).toLocaleDateString()
}

/** Authenticator, passkeys and recovery codes of whoever is signed in. */
export function FactorsPanel() {
  const { data, error, refetch } = useGetFactorsQuery()
  const [open, setOpen] = useState<Open>()
  const [removeTotp, totpGone] = useRemoveTotpMutation()
  const [removePasskey, passkeyGone] = useRemovePasskeyMutation()
  const close = () => setOpen(undefined)
  const hasTotp = data?.totp?.confirmed_at != null
  const hasAny = hasTotp || (data?.passkeys.length ?? 0) > 0
  const left = data?.recovery_codes.left ?? 0

  return (
    <Panel title="Second factors" testId="factors">
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      {data?.required === true && !hasAny && <Alert severity="warning">This tenant requires a second factor. Add one to go on.</Alert>}
      {hasAny && left === 0 && <Alert severity="info">Make recovery codes, for the day you lose your phone or your keys.</Alert>}
      <List disablePadding>
        <ListItem disableGutters divider secondaryAction={
          hasTotp
            ? <Button color="error" onClick={() => setOpen('remove-totp')} aria-label="Remove the authenticator">Remove</Button>
            : <Button onClick={() => setOpen('totp')} data-testid="add-totp">Add an authenticator</Button>
        }>
          <ListItemText primary="Authenticator" secondary={hasTotp ? `since ${day(data?.totp?.confirmed_at ?? '')}` : 'none'} />
        </ListItem>
        {data?.passkeys.map((one) => (
          <ListItem key={one.id} disableGutters divider sx={{ gap: 2, flexWrap: 'wrap' }} data-testid="passkey">
            <ListItemText sx={{ minWidth: 0, overflowWrap: 'anywhere' }} primary={one.name}
              secondary={`passkey since ${day(one.created_at)}, ${one.last_used_at === null ? 'not used yet' : `last used ${day(one.last_used_at)}`}`} />
            <Button onClick={() => setOpen({ rename: one })} aria-label={`Rename ${one.name}`}>Rename</Button>
            <Button color="error" onClick={() => setOpen({ remove: one })} aria-label={`Remove ${one.name}`}>Remove</Button>
          </ListItem>
        ))}
      </List>
      <Stack direction="row" sx={{ gap: 2, pt: 3, flexWrap: 'wrap', alignItems: 'center' }}>
        {canUsePasskeys()
          ? <Button variant="outlined" onClick={() => setOpen('passkey')} data-testid="add-passkey">Add a passkey</Button>
          : <Typography variant="caption" sx={{ color: 'text.secondary' }}>Passkeys work where the address is a name with TLS, or localhost.</Typography>}
        {hasAny && <Button variant="outlined" onClick={() => setOpen('codes')} data-testid="new-codes">{left > 0 ? `New recovery codes (${left} left)` : 'Make recovery codes'}</Button>}
      </Stack>
      {open === 'totp' && <TotpDialog onClose={close} />}
      {open === 'codes' && <RecoveryCodesDialog replaces={left > 0} onClose={close} />}
      {open === 'passkey' && <PasskeyDialog onClose={close} />}
      {typeof open === 'object' && 'rename' in open && <RenameDialog passkey={open.rename} onClose={close} />}
      <ConfirmDialog open={open === 'remove-totp'} title="Remove the authenticator?" yes="Remove" danger busy={totpGone.isLoading} error={totpGone.error} onClose={close}
        onYes={() => void removeTotp().unwrap().then(close, () => undefined)}>
        Its codes will not be asked for any more.
      </ConfirmDialog>
      {typeof open === 'object' && 'remove' in open && (
        <ConfirmDialog open title={`Remove ${open.remove.name}?`} yes="Remove" danger busy={passkeyGone.isLoading} error={passkeyGone.error} onClose={close}
          onYes={() => void removePasskey(open.remove.id).unwrap().then(close, () => undefined)}>
          It will not sign you in any more. Delete it on your device too.
        </ConfirmDialog>
      )}
    </Panel>
  )
}
