import Button from '@mui/material/Button'
import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Typography from '@mui/material/Typography'
import { useEffect, useId } from 'react'

import { useSignOut } from '../auth/useSignedIn'
import { useBeginStepUpMutation, useStepUpMutation, type Proof } from './factors'
import { ProofForm } from './ProofForm'
import { useFresh, useSettle } from './useFresh'

/** Asks for one of the factors, and lets the calls that wait go on. */
export default function StepUpForm({ factors }: { factors: string[] }) {
  const id = useId()
  const [begin, { data: options }] = useBeginStepUpMutation()
  const [stepUp, { isLoading, error }] = useStepUpMutation()
  const fresh = useFresh()
  const settle = useSettle()
  const signOut = useSignOut()
  useEffect(() => {
    if (factors.includes('passkey')) void begin()
  }, [factors, begin])
  const ready = !factors.includes('passkey') || options !== undefined

  async function prove(proof: Proof) {
    const token = options?.step_up_token
    const answer = await stepUp(proof.assertion !== undefined && token ? { ...proof, step_up_token: token } : proof)
    if (answer.data === undefined) {
      // What a passkey signed once is used up, right or wrong.
      if (proof.assertion !== undefined) void begin()
      return
    }
    fresh(answer.data)
    settle(true)
  }

  return (
    <Dialog open onClose={() => settle(false)} aria-labelledby={id} maxWidth="xs" fullWidth data-testid="step-up">
      <DialogTitle id={id} sx={{ fontSize: '1rem', fontWeight: 650 }}>
        Is it still you?
      </DialogTitle>
      <DialogContent>
        <Typography variant="body2" sx={{ mb: 3 }}>
          This change is sensitive, and some time has passed since you proved who you are.
        </Typography>
        {factors.includes('sign_in') ? (
          <Button variant="contained" onClick={() => void signOut()}>
            Sign in again
          </Button>
        ) : (
          ready && <ProofForm factors={factors} passkey={options?.passkey ?? null} busy={isLoading} error={error} onProof={(proof) => void prove(proof)} />
        )}
      </DialogContent>
      <DialogActions sx={{ px: 6, pb: 4 }}>
        <Button color="inherit" onClick={() => settle(false)}>
          Not now
        </Button>
      </DialogActions>
    </Dialog>
  )
}
