import Box from '@mui/material/Box'
import LinearProgress from '@mui/material/LinearProgress'
import Typography from '@mui/material/Typography'

import type { Job } from '../api/generated'

const WORDS: Record<Job['state'], string> = { queued: 'waits for its turn', running: 'is at work', stopped: 'was stopped', done: 'is done' }

export const FINISHED: ReadonlySet<Job['state']> = new Set<Job['state']>(['stopped', 'done'])

/** How far a job is, in words and as a bar. */
export function JobProgress({ job }: { job: Job }) {
  const handled = job.done + job.skipped
  const part = job.total === 0 ? (FINISHED.has(job.state) ? 100 : 0) : Math.min(100, (handled / job.total) * 100)
  return (
    <Box data-testid="job-progress">
      <Typography variant="body2" role="status">
        It {WORDS[job.state]}: {job.done} of {job.total}
        {job.skipped > 0 && `, ${job.skipped} left out`}
      </Typography>
      <LinearProgress
        variant={job.state === 'queued' ? 'indeterminate' : 'determinate'} value={part} aria-label="Progress of the job"
        sx={{ my: 2, borderRadius: 1 }}
      />
      {job.reasons.length > 0 && (
        <Box component="ul" aria-label="Why runs were left out" sx={{ m: 0, pl: 5, fontSize: '0.8125rem', maxHeight: 160, overflow: 'auto' }}>
          {job.reasons.map((one, index) => (
            <li key={index}>
              {one.id && <code>…{one.id.slice(-6)}</code>} {one.reason}
            </li>
          ))}
        </Box>
      )}
    </Box>
  )
}
