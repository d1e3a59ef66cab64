import Typography from '@mui/material/Typography'
import { useEffect, useState } from 'react'

import { useMoveRunMutation, type Run } from '../api/generated'
import { FormDialog } from '../ui/FormDialog'
import { ProblemAlert } from '../ui/ProblemAlert'
import { VersionField } from './VersionField'

/** Lets a run go on with another version, where its position exists there. */
export function MoveDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const { namespace, name, version: own } = run.workflow
  const [version, setVersion] = useState('')
  const [check, checked] = useMoveRunMutation()
  const [move, { isLoading, error }] = useMoveRunMutation()
  const fits = version !== '' && checked.isSuccess && checked.originalArgs?.moveRequest.version === version

  useEffect(() => {
    if (version !== '' && version !== own) void check({ runId: run.id, moveRequest: { version, dry_run: true } })
  }, [version, own, run.id, check])

  async function send() {
    const answer = await move({ runId: run.id, moveRequest: { version } })
    if (answer.data) onClose()
  }

  return (
    <FormDialog
      title="Move to another version" yes={version === '' ? 'Move' : `Move to ${version}`} no="Leave it" busy={isLoading} disabled={!fits} error={error} what="The run was not moved"
      onYes={() => void send()} onClose={onClose}
    >
      <span>
        What was done stays as it is; the steps that come are those of the other version. This works where the steps that the run is
        in exist there. It runs {own} now.
      </span>
      <VersionField namespace={namespace} name={name} value={version} own={own} none="Choose a version …" onChange={setVersion} />
      {version === own ? (
        <Typography variant="body2">It runs this version already.</Typography>
      ) : fits ? (
        <Typography variant="body2" role="status" sx={{ color: 'success.main', fontWeight: 600 }}>
          It fits: the run can go on there.
        </Typography>
      ) : (
        version !== '' && checked.isError && <ProblemAlert error={checked.error} what="The run cannot move there" />
      )}
    </FormDialog>
  )
}
