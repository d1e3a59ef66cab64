import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { usePageJobsInfiniteQuery } from '../api'
import { useStopJobMutation, type Job, type RunWhere } from '../api/generated'
import { useMay } from '../app/permissions'
import { Link } from '../router'
import { BackLink } from '../ui/BackLink'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { FINISHED, JobProgress } from './JobProgress'
import { useJob } from './useJob'
import { whereText } from './where'

const KINDS: Record<Job['kind'], string> = { rerun: 'Run again', retry: 'Retry', discard: 'Discard' }

/** Long work on many runs, newest first. */
export function JobsPage() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePageJobsInfiniteQuery({}, { refetchOnMountOrArgChange: true })
  const jobs = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Box sx={{ maxWidth: 800 }}>
      <PageHeader title="Jobs" above={<BackLink to="/runs">Runs</BackLink>} />
      <ProblemAlert error={error} what="Jobs could not be loaded" onRetry={() => void refetch()} />
      <Paper variant="outlined">
        {jobs.length > 0 ? (
          <Box component="ul" sx={{ m: 0, p: 0, listStyle: 'none' }}>
            {jobs.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </Box>
        ) : data === undefined ? (
          error === undefined && <Skeletons lines={5} />
        ) : (
          <Empty icon="retry" title="No job yet" action={<Button component={Link} to="/runs" variant="outlined">Go to the runs</Button>}>
            What is done to many runs at once, such as running all of a filter again, is a job. It is listed here with its progress.
          </Empty>
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older jobs
        </Button>
      )}
    </Box>
  )
}

function JobRow({ job: first }: { job: Job }) {
  const job = useJob(first)
  const may = useMay()
  const letters = job.kind !== 'rerun'
  return (
    <Box component="li" data-testid="job" sx={{ px: 4, py: 3, borderBottom: 1, borderColor: 'divider', '&:last-of-type': { borderBottom: 0 } }}>
      <Stack direction="row" sx={{ alignItems: 'baseline', gap: 2, flexWrap: 'wrap' }}>
        <Typography variant="h2" sx={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          {KINDS[job.kind]}: {whereText((job.spec.where ?? {}) as RunWhere, letters ? 'dead letters' : 'runs')}
        </Typography>
        <Typography variant="caption" sx={{ color: 'text.secondary', ml: 'auto' }}>
          <Ago at={job.created_at} />
        </Typography>
      </Stack>
      <JobProgress job={job} />
      {!FINISHED.has(job.state) && may('run:operate') && <Stop job={job} />}
    </Box>
  )
}

function Stop({ job }: { job: Job }) {
  const [asking, setAsking] = useState(false)
  const [stop, { isLoading, error }] = useStopJobMutation()
  async function yes() {
    const answer = await stop({ jobId: job.id })
    if (answer.data) setAsking(false)
  }
  return (
    <>
      <Button variant="outlined" color="error" onClick={() => setAsking(true)}>
        Stop
      </Button>
      <ConfirmDialog open={asking} title="Stop this job?" yes="Stop the job" no="Let it go on" danger busy={isLoading} error={error} onYes={() => void yes()} onClose={() => setAsking(false)}>
        What it has done stays done; the {job.total - job.done - job.skipped} that are left are not touched.
      </ConfirmDialog>
    </>
  )
}
