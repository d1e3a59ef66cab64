import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useCallback, useEffect, useState } from 'react'

import { useGetRunQuery } from '../api/generated'
import { problemOf } from '../api/problem'
import { useMay } from '../app/permissions'
import { useAppSelector } from '../app/store'
import { MONO } from '../app/theme'
import type { StepPlace } from '../operations/places'
import { RerunDialog } from '../operations/RerunDialog'
import { RunActions } from '../operations/RunActions'
import { Undecided } from '../operations/Undecided'
import { WhyItWaits } from '../operations/WhyItWaits'
import { Link as RouterLink, useParams } from '../router'
import { TasksOfRun } from '../tasks/TasksOfRun'
import { BackLink } from '../ui/BackLink'
import { Empty } from '../ui/Empty'
import { Fact, Facts } from '../ui/Facts'
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

// The channel tells changes of the status; what happens between them, step by step, is asked for.
const POLL_MS = 2000

export function RunPage() {
  const { id = '' } = useParams()
  // A journal belongs to one run: another run is another page.
  return <OneRun key={id} id={id} />
}

function OneRun({ id }: { id: string }) {
  const heard = useAppSelector((state) => state.runs.news)
  const [ended, setEnded] = useState(false)
  const { data, error, refetch } = useGetRunQuery(
    { runId: id },
    { refetchOnMountOrArgChange: true, pollingInterval: ended ? 0 : POLL_MS, skipPollingIfUnfocused: true },
  )
  const run = data && withNews(data, heard)
  const journal = useJournal(id, Math.max(run?.last_seq ?? 0, heard[id]?.last_seq ?? 0))
  const may = useMay()
  const [rerun, setRerun] = useState<{ from: StepPlace | undefined }>()
  const fromStep = useCallback((step: StepPlace) => setRerun({ from: step }), [])
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
        <RunActions run={run} onRerun={() => setRerun({ from: undefined })} />
      </PageHeader>
      {run.dry_run && (
        <Alert severity="info" variant="outlined" sx={{ mb: 4 }}>
          This is a dry run: no call to the outside was made, waits ended at once, and no figure counts it.
        </Alert>
      )}
      {run.waiting_for && <WhyItWaits waiting={run.waiting_for} />}
      <Undecided run={run} steps={run.undecided} mayTell={may('run:operate')} />
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
          {run.rerun_of && (
            <Fact name="Again">
              after <Link component={RouterLink} to={`/runs/${run.rerun_of}`}>an earlier run</Link>
            </Fact>
          )}
          <Fact name="Made">{fullTime(run.created_at)}</Fact>
          <Fact name="Took">
            <Lasting from={run.started_at} to={run.ended_at} />
          </Fact>
          <Fact name="Id" wide>
            <Stack direction="row" sx={{ alignItems: 'center' }}>
              <Box component="span" sx={{ fontFamily: MONO, fontSize: '0.75rem', overflowWrap: 'anywhere' }}>
                {run.id}
              </Box>
              <CopyButton text={run.id} label="Copy id" />
            </Stack>
          </Fact>
      </Facts>
      <Stack sx={{ gap: 4 }}>
        {run.status === 'waiting' && <TasksOfRun runId={run.id} />}
        <Panel title="Timeline" flush>
          {journal.problem !== undefined && <ProblemAlert error={journal.problem} what="The journal could not be loaded" />}
          {journal.loading ? (
            <Skeletons />
          ) : journal.entries.length === 0 ? (
            <Empty icon="clock" title={run.cancel_requested_at ? 'It is being cancelled' : 'It has not started yet'}>
              It is durable and starts as soon as there is room.
            </Empty>
          ) : (
            <Timeline journal={journal} startedAt={run.started_at ?? run.created_at} endedAt={run.ended_at} guilty={run.error?.instance ?? undefined} onRerun={may('run:operate') ? fromStep : undefined} />
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
      {rerun !== undefined && <RerunDialog run={run} entries={journal.entries} from={rerun.from} onClose={() => setRerun(undefined)} />}
    </>
  )
}
