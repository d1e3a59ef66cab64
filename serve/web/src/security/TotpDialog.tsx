import Box from '@mui/material/Box'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useEffect } from 'react'

import { FormDialog } from '../ui/FormDialog'
import { useBeginTotpMutation, useConfirmTotpMutation } from './factors'
import { useFresh } from './useFresh'

/** A secret for an authenticator program, as QR code and as text; the first code confirms it. */
export function TotpDialog({ onClose }: { onClose: () => void }) {
  const [begin, begun] = useBeginTotpMutation()
  const [confirm, confirmed] = useConfirmTotpMutation()
  const fresh = useFresh()
  useEffect(() => void begin(), [begin])

  async function check(code: string) {
    const answer = await confirm(code)
    if (answer.data === undefined) return
    fresh(answer.data)
    onClose()
  }

  return (
    <FormDialog title="Add an authenticator" yes="Confirm" busy={confirmed.isLoading} disabled={begun.data === undefined} error={begun.error ?? confirmed.error} onClose={onClose}
      onYes={(form) => void check(String(form.get('code')))}>
      <Typography variant="body2">Scan this with an authenticator program on your phone, then type the code it shows.</Typography>
      {begun.data !== undefined && (
        <>
          <Box component="img" alt="QR code of the secret" src={`data:image/svg+xml,${encodeURIComponent(svgDocument(begun.data.qr_svg))}`} sx={{ width: 200, height: 200, alignSelf: 'center', borderRadius: 1 }} />
          <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>
            No camera? Type: <code data-testid="totp-secret">{begun.data.secret}</code>
          </Typography>
        </>
      )}
      <TextField name="code" label="Code" required autoFocus autoComplete="one-time-code" slotProps={{ htmlInput: { inputMode: 'numeric', maxLength: 8 } }} />
    </FormDialog>
  )
}

function svgDocument(inline: string): string {
  return inline.includes('xmlns=') ? inline : inline.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
}
