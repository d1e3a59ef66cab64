import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect, useState } from 'react'

import { useCancelRunMutation, useGetRunQuery, useStartRunMutation, type Run } from '../api/generated'
import { problemOf } from '../api/problem'
import { randomKey } from '../api/randomKey'
import { useMay } from '../app/permissions'
import { useAppSelector } from '../app/store'
import { MONO } from '../app/theme'
import { Link as RouterLink, useNavigate, useParams } from '../router'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { BackLink } from '../ui/BackLink'
import { Empty } from '../ui/Empty'
import { Fact, Facts } from '../ui/Facts'
import { Icon } from '../ui/Icon'
import { CopyButton, JsonView } from '../ui/JsonView'
import { PageHeader } from '../ui/PageHeader'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { StatusChip } from '../ui/StatusChip'
import { fullTime, Lasting } from '../ui/Time'
import { Cause } from './Cause'
import { ErrorView } from './ErrorView'
import { FINAL, withNews } from './runsSlice'
import { Timeline } from './Timeline'
import { useJournal } from './useJournal'

const POLL_MS = 4000

export function RunPage() {
  const { id = '' } = useParams()
  // A journal belongs to one run: another run is another page.
  return <OneRun key={id} id={id} />
}

function OneRun({ id }: { id: string }) {
  const lost = useAppSelector((state) => state.live.status === 'lost')
  const heard = useAppSelector((state) => state.runs.news)
  const [ended, setEnded] = useState(false)
  const { data, error, refetch } = useGetRunQuery(
    { runId: id },
    { refetchOnMountOrArgChange: true, pollingInterval: lost && !ended ? POLL_MS : 0 },
  )
  const run = data && withNews(data, heard)
  const journal = useJournal(id, Math.max(run?.last_seq ?? 0, heard[id]?.last_seq ?? 0))
  const status = run?.status
  const stale = data !== undefined && status !== data.status

  useEffect(() => setEnded(status !== undefined && FINAL.has(status)), [status])
  // The channel tells the status alone; input and output come from the run itself.
  useEffect(() => {
    if (stale) void refetch()
  }, [stale, status, refetch])

  if (run === undefined) {
    if (error === undefined) return <Skeletons lines={8} />
    return problemOf(error)?.status === 404 || problemOf(error)?.status === 422 ? (
      <Empty icon="search" title="There is no such run" action={<Button component={RouterLink} to="/runs" variant="contained">All runs</Button>} />
    ) : (
      <ProblemAlert error={error} what="The run could not be loaded" onRetry={() => void refetch()} />
    )
  }
  const { namespace, name, version } = run.workflow
  return (
    <>
      <PageHeader
        title={name}
        badge={<StatusChip status={run.status} testId="run-status" />}
        above={<BackLink to="/runs">Runs</BackLink>}
      >
        <RunAgain run={run} />
        <Cancel run={run} />
      </PageHeader>
      {run.error && (
        <Box sx={{ mb: 4 }}>
          <ErrorView error={run.error} />
        </Box>
      )}
      <Facts>
          <Fact name="Workflow">
            <Link component={RouterLink} to={`/workflows/${namespace}/${name}?version=${encodeURIComponent(version)}`}>
              {namespace}/{name} {version}
            </Link>
          </Fact>
          <Fact name="Cause">
            <Cause cause={run.cause} />
          </Fact>
          <Fact name="Made">{fullTime(run.created_at)}</Fact>
          <Fact name="Took">
            <Lasting from={run.started_at} to={run.ended_at} />
          </Fact>
          <Fact name="Id">
            <Stack direction="row" sx={{ alignItems: 'center' }}>
              <Box component="span" sx={{ fontFamily: MONO, fontSize: '0.75rem', overflowWrap: 'anywhere' }}>
                {run.id}
              </Box>
              <CopyButton text={run.id} label="Copy id" />
            </Stack>
          </Fact>
      </Facts>
      <Stack sx={{ gap: 4 }}>
        <Panel title="Timeline" flush>
          {journal.problem !== undefined && <ProblemAlert error={journal.problem} what="The journal could not be loaded" />}
          {journal.loading ? (
            <Skeletons />
          ) : journal.entries.length === 0 ? (
            <Empty icon="clock" title={run.cancel_requested_at ? 'It is being cancelled' : 'It has not started yet'}>
              It is durable and starts as soon as there is room.
            </Empty>
          ) : (
            <Timeline journal={journal} startedAt={run.started_at ?? run.created_at} endedAt={run.ended_at} guilty={run.error?.instance ?? undefined} />
          )}
        </Panel>
        <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'repeat(2, minmax(0, 1fr))' } }}>
          <Panel title="Input">
            <JsonView value={run.input} label="Input of the run" />
          </Panel>
          <Panel title="Output">
            {run.status === 'completed' && !stale ? (
              <JsonView value={run.output} label="Output of the run" />
            ) : (
              <Typography variant="body2" sx={{ color: 'text.secondary' }}>
                {FINAL.has(run.status) && !stale ? 'It ended without one.' : 'It comes when the run completes.'}
              </Typography>
            )}
          </Panel>
        </Box>
      </Stack>
    </>
  )
}

function RunAgain({ run }: { run: Run }) {
  const may = useMay()
  const navigate = useNavigate()
  const [start, { isLoading, error, reset }] = useStartRunMutation()
  if (!may('run:start')) return null
  async function again() {
    const { namespace, name, version } = run.workflow
    const answer = await start({ namespace, name, version, body: JSON.stringify(run.input), 'Idempotency-Key': randomKey() })
    if (answer.data) void navigate(`/runs/${answer.data.id}`)
  }
  return (
    <>
      <Button variant="outlined" startIcon={<Icon name="retry" />} loading={isLoading} onClick={() => void again()}>
        Run again
      </Button>
      <ConfirmDialog open={error !== undefined} title="The run was not started" yes="Try again" no="Close" error={error} onYes={() => void again()} onClose={reset}>
        {null}
      </ConfirmDialog>
    </>
  )
}

function Cancel({ run }: { run: Run }) {
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const [cancel, { isLoading, error }] = useCancelRunMutation()
  if (FINAL.has(run.status) || !may('run:cancel')) return null
  async function yes() {
    const answer = await cancel({ runId: run.id })
    if (answer.data) setAsking(false)
  }
  return (
    <>
      <Button variant="outlined" color="error" disabled={run.cancel_requested_at !== null} onClick={() => setAsking(true)}>
        {run.cancel_requested_at === null ? 'Cancel' : 'Being cancelled'}
      </Button>
      <ConfirmDialog
        open={asking} title="Cancel this run?" yes="Cancel the run" no="Let it run" danger busy={isLoading} error={error}
        onYes={() => void yes()} onClose={() => setAsking(false)}
      >
        <strong>{run.workflow.name}</strong> stops after what is under way right now. Calls that were made are not undone, and a
        cancelled run cannot go on. You can start it again with the same input.
      </ConfirmDialog>
    </>
  )
}
