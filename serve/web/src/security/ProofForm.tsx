import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import { useState, type FormEvent } from 'react'

import { ProblemAlert } from '../ui/ProblemAlert'
import { canUsePasskeys, signByPasskey } from './browserKeys'
import type { Proof } from './factors'

interface ProofFormProps {
  factors: readonly string[]
  passkey: PublicKeyCredentialRequestOptionsJSON | null
  busy: boolean
  error: unknown
  onProof: (proof: Proof) => void
}

type Way = 'passkey' | 'totp' | 'recovery_code' | 'password'
const WAYS: readonly Way[] = ['passkey', 'totp', 'recovery_code', 'password']
const OTHERS: Record<Way, string> = {
  passkey: 'Use a passkey',
  totp: 'Use the code of an authenticator',
  recovery_code: 'Use a recovery code',
  password: 'Use the password',
}

/** Asks for one proof, and offers the other ways. */
export function ProofForm({ factors, passkey, busy, error, onProof }: ProofFormProps) {
  const usable = WAYS.filter((way) => factors.includes(way) && (way !== 'passkey' || (passkey !== null && canUsePasskeys())))
  const [chosen, setChosen] = useState<Way>()
  const [failed, setFailed] = useState<unknown>()
  const way = chosen ?? usable[0]

  async function sign() {
    if (passkey === null) return
    setFailed(undefined)
    try {
      const assertion = await signByPasskey(passkey)
      if (assertion !== undefined) onProof({ assertion })
    } catch (caught) {
      setFailed(caught)
    }
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('proof'))
    if (way === 'passkey') void sign()
    else onProof(way === 'totp' ? { code: text } : way === 'recovery_code' ? { recovery_code: text } : { password: text })
  }

  return (
    <form onSubmit={submit}>
      <Stack sx={{ gap: 4, pt: 1 }}>
        {way === 'totp' && (
          <TextField key={way} name="proof" label="Code" required autoFocus autoComplete="one-time-code" helperText="Six digits from your authenticator"
            slotProps={{ htmlInput: { inputMode: 'numeric', maxLength: 8 } }} />
        )}
        {way === 'recovery_code' && (
          <TextField key={way} name="proof" label="Recovery code" required autoFocus autoComplete="off" helperText="Each works once"
            slotProps={{ htmlInput: { autoCapitalize: 'none', spellCheck: false, maxLength: 40 } }} />
        )}
        {way === 'password' && <TextField key={way} name="proof" label="Password" type="password" required autoFocus autoComplete="current-password" />}
        <ProblemAlert error={failed ?? error} />
        <Button type="submit" variant="contained" size="medium" loading={busy} autoFocus={way === 'passkey'} data-testid="prove">
          {way === 'passkey' ? 'Continue with a passkey' : 'Continue'}
        </Button>
        {usable.filter((one) => one !== way).map((one) => (
          <Link key={one} component="button" type="button" underline="always" onClick={() => setChosen(one)} sx={{ alignSelf: 'flex-start', fontSize: '0.875rem' }}>
            {OTHERS[one]}
          </Link>
        ))}
      </Stack>
    </form>
  )
}
