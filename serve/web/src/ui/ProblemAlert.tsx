import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Typography from '@mui/material/Typography'

import { problemOf } from '../api/problem'

interface ProblemAlertProps {
  error: unknown
  /** What was tried, such as "The run was not cancelled". */
  what?: string
  onRetry?: (() => void) | undefined
}

/** A problem beside what it is about: what happened, why, where exactly. */
export function ProblemAlert({ error, what, onRetry }: ProblemAlertProps) {
  const problem = problemOf(error)
  if (problem === undefined) return null
  return (
    <Alert
      severity="error"
      variant="outlined"
      sx={{ my: 2, alignItems: 'flex-start' }}
      action={
        onRetry && (
          <Button color="inherit" onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      <Typography variant="body2" sx={{ fontWeight: 600 }}>
        {what ? `${what}: ${problem.title.toLowerCase()}` : problem.title}
      </Typography>
      <Typography variant="body2">{problem.detail}</Typography>
      {problem.errors.length > 0 && (
        <Box component="ul" sx={{ m: 0, pl: 4 }}>
          {problem.errors.slice(0, 8).map((one, index) => (
            <li key={index}>
              <Typography variant="body2">
                {one.pointer !== '' && <code>{one.pointer}</code>} {one.detail}
                {one.line ? ` (line ${one.line})` : ''}
              </Typography>
            </li>
          ))}
        </Box>
      )}
      {problem.requestId !== undefined && (
        <Typography variant="caption">
          Request <code>{problem.requestId}</code>
        </Typography>
      )}
    </Alert>
  )
}
