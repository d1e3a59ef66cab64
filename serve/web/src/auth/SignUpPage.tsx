import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import type { FormEvent } from 'react'

import { useRegisterMutation } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { Link as RouterLink, useLocation } from '../router'
import { ProblemAlert } from '../ui/ProblemAlert'
import { AuthFrame } from './AuthFrame'
import { useSignedIn } from './useSignedIn'

const FIELDS = [
  {
    name: 'tenant', label: 'Tenant', type: 'text', autoComplete: 'organization',
    help: 'Your team or company. Workflows, runs and people belong to it.',
  },
  { name: 'email', label: 'E-mail', type: 'email', autoComplete: 'username', help: undefined },
  { name: 'password', label: 'Password', type: 'password', autoComplete: 'new-password', help: 'At least 8 characters.' },
] as const

export function SignUpPage() {
  const { search } = useLocation()
  const [register, { isLoading, error }] = useRegisterMutation()
  const enter = useSignedIn()
  const problem = problemOf(error)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [tenant, email, password] = FIELDS.map((field) => String(form.get(field.name)))
    const answer = await register({ registerRequest: { tenant: tenant ?? '', email: email ?? '', password: password ?? '' } })
    if (answer.data) enter(answer.data)
  }

  return (
    <AuthFrame
      title="Create a tenant"
      below={
        <>
          Already have an account?{' '}
          <Link component={RouterLink} underline="always" to={`/sign-in${search}`}>
            Sign in
          </Link>
        </>
      }
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack sx={{ gap: 4 }}>
          {FIELDS.map(({ name, label, type, autoComplete, help }) => {
            const fault = faultsAt(problem, `/${name}`)
            return (
              <TextField
                key={name} name={name} label={label} type={type} autoComplete={autoComplete} required
                autoFocus={name === 'tenant'} error={fault !== undefined} helperText={fault ?? help}
                slotProps={{
                  htmlInput: { 'data-testid': `sign-up-${name}`, ...(name === 'password' ? { minLength: 8 } : {}) },
                }}
              />
            )
          })}
          {problem !== undefined && <ProblemAlert error={problem} />}
          <Button type="submit" variant="contained" size="medium" loading={isLoading} data-testid="sign-up-submit">
            Create and sign in
          </Button>
        </Stack>
      </form>
    </AuthFrame>
  )
}
