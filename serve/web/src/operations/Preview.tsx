import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Link from '@mui/material/Link'
import Skeleton from '@mui/material/Skeleton'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import { Link as RouterLink } from '../router'
import { nameOf } from '../runs/timeline'
import type { RerunPreview } from '../api/generated'

interface PreviewProps {
  preview: RerunPreview | undefined
  /** One run is previewed, so that counting says nothing. */
  one?: boolean
  /** What would happen to them, such as "would run again". */
  verb?: string
}

/** What would happen, before it does. */
export function Preview({ preview, one = false, verb = 'run again' }: PreviewProps) {
  if (preview === undefined) return <Skeleton variant="rounded" height={56} aria-label="Looking what would happen" />
  const { count, samples, repeated, refused } = preview
  const sampled = samples.length < count
  return (
    <Stack role="status" data-testid="preview" sx={{ gap: 2 }}>
      {!one && (
        <Typography variant="body2">
          <strong>{count === 1 ? '1 run' : `${count} runs`}</strong> would {verb}
          {samples.length > 0 && (
            <>
              , such as{' '}
              {samples.slice(0, 3).map((id, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <Link component={RouterLink} to={`/runs/${id}`} target="_blank" underline="always">
                    …{id.slice(-6)}
                  </Link>
                </span>
              ))}
            </>
          )}
          .
        </Typography>
      )}
      {repeated.length > 0 && (
        <Alert severity="warning" variant="outlined">
          Calls that were made are made again{sampled && ' (counted in the samples)'}:{' '}
          {repeated.map((call) => `${nameOf(call.task)} × ${call.calls}`).join(', ')}. Whoever is called sees them a second time.
        </Alert>
      )}
      {refused.length > 0 && (
        <Alert severity="info" variant="outlined">
          {one ? 'It cannot' : `${refused.length} of the ${sampled ? 'samples' : 'runs'} cannot and would be left out`}:
          <Box component="ul" sx={{ m: 0, pl: 4 }}>
            {refused.slice(0, 5).map((refusal) => (
              <li key={refusal.id}>{refusal.reason}</li>
            ))}
          </Box>
        </Alert>
      )}
      {one && repeated.length === 0 && refused.length === 0 && (
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          No call to the outside that was made before is made again.
        </Typography>
      )}
    </Stack>
  )
}
