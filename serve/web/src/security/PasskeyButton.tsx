import Button from '@mui/material/Button'
import { useState } from 'react'

import { useSignedIn } from '../auth/useSignedIn'
import { ProblemAlert } from '../ui/ProblemAlert'
import { canUsePasskeys, signByPasskey } from './browserKeys'
import { useBeginPasskeySignInMutation, useSignInByPasskeyMutation } from './factors'

/** Signs in by passkey, without e-mail address and password. */
export function PasskeyButton() {
  const [begin, { isLoading: begins }] = useBeginPasskeySignInMutation()
  const [signIn, { isLoading }] = useSignInByPasskeyMutation()
  const [failed, setFailed] = useState<unknown>()
  const enter = useSignedIn()
  if (!canUsePasskeys()) return null

  async function go() {
    setFailed(undefined)
    try {
      const { passkey_token, passkey } = await begin().unwrap()
      const assertion = await signByPasskey(passkey)
      if (assertion !== undefined) enter(await signIn({ passkey_token, assertion }).unwrap())
    } catch (caught) {
      setFailed(caught)
    }
  }

  return (
    <>
      <Button variant="outlined" size="medium" loading={begins || isLoading} onClick={() => void go()} data-testid="passkey-sign-in">
        Sign in with a passkey
      </Button>
      <ProblemAlert error={failed} />
    </>
  )
}
