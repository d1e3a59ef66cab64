import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'

import { useSignedIn } from '../auth/useSignedIn'
import { useVerifySecondFactorMutation, type Proof, type SecondFactor } from './factors'
import { ProofForm } from './ProofForm'

/** The second step of a sign-in. */
export function SecondStep({ needed, onAgain }: { needed: SecondFactor; onAgain: () => void }) {
  const [verify, { isLoading, error }] = useVerifySecondFactorMutation()
  const enter = useSignedIn()

  async function prove(proof: Proof) {
    const answer = await verify({ ...proof, mfa_token: needed.mfa_token })
    if (answer.data) enter(answer.data)
  }

  return (
    <Stack sx={{ gap: 4 }} data-testid="second-step">
      <Alert severity="info">Your password is right. Now prove that it is you.</Alert>
      <ProofForm factors={needed.factors} passkey={needed.passkey} busy={isLoading} error={error} onProof={(proof) => void prove(proof)} />
      <Button color="inherit" onClick={onAgain}>
        Begin again
      </Button>
    </Stack>
  )
}
