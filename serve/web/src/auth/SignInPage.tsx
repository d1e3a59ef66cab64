import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import { useState, type FormEvent } from 'react'

import { useLoginMutation } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { useAppSelector } from '../app/store'
import { Link as RouterLink, useLocation } from '../router'
import type { SecondFactor } from '../security/factors'
import { PasskeyButton } from '../security/PasskeyButton'
import { SecondStep } from '../security/SecondStep'
import { ProblemAlert } from '../ui/ProblemAlert'
import { AuthFrame } from './AuthFrame'
import type { Tokens } from './session'
import { useSignedIn } from './useSignedIn'

export function SignInPage() {
  const why = useAppSelector((state) => state.auth.why)
  const away = useAppSelector((state) => state.auth.status === 'away')
  const { search } = useLocation()
  const [login, { isLoading, error }] = useLoginMutation()
  const enter = useSignedIn()
  const problem = problemOf(error)
  const [needed, setNeeded] = useState<SecondFactor>()

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const answer = await login({ loginRequest: { email: String(form.get('email')), password: String(form.get('password')) } })
    const found = answer.data as Tokens | SecondFactor | undefined
    if (found === undefined) return
    if ('mfa_token' in found) setNeeded(found)
    else enter(found)
  }

  if (needed !== undefined) {
    return (
      <AuthFrame title="Sign in" below={null}>
        <SecondStep needed={needed} onAgain={() => setNeeded(undefined)} />
      </AuthFrame>
    )
  }

  return (
    <AuthFrame
      title="Sign in"
      below={
        <>
          New here?{' '}
          <Link component={RouterLink} underline="always" to={`/sign-up${search}`} data-testid="go-sign-up">
            Create a tenant
          </Link>
        </>
      }
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack sx={{ gap: 4 }}>
          {away && <Alert severity="warning">Tidewire cannot be reached. Trying again …</Alert>}
          {why !== undefined && problem === undefined && <Alert severity="info">{why}</Alert>}
          <TextField name="email" label="E-mail" type="email" autoComplete="username" required autoFocus
            error={faultsAt(problem, '/email') !== undefined} helperText={faultsAt(problem, '/email')} />
          <TextField name="password" label="Password" type="password" autoComplete="current-password" required />
          {problem !== undefined && <ProblemAlert error={problem} />}
          <Button type="submit" variant="contained" size="medium" loading={isLoading}>
            Sign in
          </Button>
          <PasskeyButton />
        </Stack>
      </form>
    </AuthFrame>
  )
}
