import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import { useState } from 'react'

import { useDiscardDeadLetterMutation, useGetDeadLetterQuery, type DeadLetter } from '../api/generated'
import { problemOf } from '../api/problem'
import { useMay } from '../app/permissions'
import { Link as RouterLink, useParams } from '../router'
import { ErrorView } from '../runs/ErrorView'
import { nameOf } from '../runs/timeline'
import { BackLink } from '../ui/BackLink'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Empty } from '../ui/Empty'
import { Fact, Facts } from '../ui/Facts'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { fullTime } from '../ui/Time'
import { EditLetter } from './EditLetter'
import { RetryDialog } from './RetryDialog'

export function LetterPage() {
  const { id = '' } = useParams()
  const { data, error, refetch } = useGetDeadLetterQuery({ runId: id }, { refetchOnMountOrArgChange: true })
  if (data === undefined) {
    if (error === undefined) return <Skeletons lines={8} />
    return problemOf(error)?.status === 404 || problemOf(error)?.status === 422 ? (
      <Empty icon="search" title="There is no such dead letter" action={<Button component={RouterLink} to="/dead-letters" variant="contained">All dead letters</Button>} />
    ) : (
      <ProblemAlert error={error} what="The dead letter could not be loaded" onRetry={() => void refetch()} />
    )
  }
  return <OneLetter key={data.run_id} letter={data} />
}

function OneLetter({ letter }: { letter: DeadLetter }) {
  const may = useMay()
  const { workflow, task, error, state } = letter
  const open = state === 'open' && may('run:operate')
  return (
    <Box sx={{ maxWidth: 960 }}>
      <PageHeader title={error.title ?? error.type} above={<BackLink to="/dead-letters">Dead letters</BackLink>}>
        {open && <Actions letter={letter} />}
      </PageHeader>
      <Box sx={{ mb: 4 }}>
        <ErrorView error={error} />
      </Box>
      <Facts>
        <Fact name="State">{state}</Fact>
        <Fact name="Run">
          <Link component={RouterLink} to={`/runs/${letter.run_id}`}>
            {workflow.name} {workflow.version}
          </Link>
        </Fact>
        <Fact name="Step">
          {task === null ? 'none' : nameOf(task)}
          {letter.attempts > 1 && `, ${letter.attempts} tries`}
        </Fact>
        <Fact name="Gave up">{fullTime(letter.faulted_at)}</Fact>
        {letter.retried_as !== null && (
          <Fact name="Retried as">
            <Link component={RouterLink} to={`/runs/${letter.retried_as}`}>a new run</Link>
          </Fact>
        )}
      </Facts>
      <Stack sx={{ gap: 4 }}>
        <EditLetter letter={letter} mayEdit={open} />
      </Stack>
    </Box>
  )
}

function Actions({ letter }: { letter: DeadLetter }) {
  const [asking, setAsking] = useState<'retry' | 'discard'>()
  const [discard, { isLoading, error }] = useDiscardDeadLetterMutation()
  async function away() {
    const answer = await discard({ runId: letter.run_id })
    if (answer.data) setAsking(undefined)
  }
  return (
    <>
      <Button variant="contained" startIcon={<Icon name="retry" />} onClick={() => setAsking('retry')}>
        Retry
      </Button>
      <Button variant="outlined" color="error" startIcon={<Icon name="trash" />} onClick={() => setAsking('discard')}>
        Discard
      </Button>
      {asking === 'retry' && <RetryDialog letter={letter} onClose={() => setAsking(undefined)} />}
      <ConfirmDialog
        open={asking === 'discard'} title="Discard this one?" yes="Discard it" danger busy={isLoading} error={error} onYes={() => void away()}
        onClose={() => setAsking(undefined)}
      >
        It is put aside under “discarded” and can no longer be retried from here. Its run stays as it is.
      </ConfirmDialog>
    </>
  )
}
