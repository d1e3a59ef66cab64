import Button from '@mui/material/Button'

import { useStartRunMutation, type Workflow } from '../api/generated'
import { randomKey } from '../api/randomKey'
import { useMay } from '../app/permissions'
import { useNavigate } from '../router'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Icon } from '../ui/Icon'

/** Tries the newest version on a sample, touching nothing outside, and goes to the run. */
export function DryRun({ workflow, sample }: { workflow: Workflow; sample: string }) {
  const may = useMay()
  const navigate = useNavigate()
  const [start, { isLoading, error, reset }] = useStartRunMutation()
  if (!may('run:start')) return null

  async function go() {
    const { namespace, name } = workflow
    const answer = await start({ namespace, name, sample, dryRun: true, body: undefined, 'Idempotency-Key': randomKey() })
    if (answer.data) void navigate(`/runs/${answer.data.id}`)
  }

  return (
    <>
      <Button variant="outlined" startIcon={<Icon name="run" />} loading={isLoading} onClick={() => void go()}>
        Dry run
      </Button>
      <ConfirmDialog open={error !== undefined} title="The dry run was not started" yes="Try again" no="Close" error={error} onYes={() => void go()} onClose={reset}>
        {null}
      </ConfirmDialog>
    </>
  )
}
