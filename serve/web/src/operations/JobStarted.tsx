import Dialog from '@mui/material/Dialog'
import DialogActions from '@mui/material/DialogActions'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import Button from '@mui/material/Button'
import Typography from '@mui/material/Typography'

import { Link } from '../router'
import type { Job } from '../api/generated'
import { FINISHED, JobProgress } from './JobProgress'
import { useJob } from './useJob'

/** A job that was begun just now, and how far it is; it goes on when this is closed. */
export function JobStarted({ job: first, title, onClose }: { job: Job; title: string; onClose: () => void }) {
  const job = useJob(first)
  const ended = FINISHED.has(job.state)
  return (
    <Dialog open onClose={onClose} aria-labelledby="job-title">
      <DialogTitle id="job-title" sx={{ fontSize: '1rem', fontWeight: 650 }}>
        {title}
      </DialogTitle>
      <DialogContent>
        <JobProgress job={job} />
        {!ended && (
          <Typography variant="body2" sx={{ color: 'text.secondary', mt: 2 }}>
            It goes on when you close this; all jobs are listed under Jobs.
          </Typography>
        )}
      </DialogContent>
      <DialogActions sx={{ px: 6, pb: 4 }}>
        <Button component={Link} to="/jobs" color="inherit">
          All jobs
        </Button>
        <Button variant="contained" onClick={onClose}>
          {ended ? 'Done' : 'Close'}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
