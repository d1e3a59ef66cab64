import Alert from '@mui/material/Alert'
import Typography from '@mui/material/Typography'

import type { FlowLimit, WaitingFor } from '../api/generated'
import { fullTime, Lasting } from '../ui/Time'

const MOST = 10_000

/** The rule that holds a run back, in words. */
export function ruleText({ kind, limit, period }: FlowLimit): string {
  switch (kind) {
    case 'concurrency':
      return `at most ${limit ?? 1} at a time`
    case 'throttle':
      return `at most ${limit ?? 1} in ${period ?? 60} seconds`
    case 'debounce':
      return 'it starts when nothing more has come for a while'
    case 'singleton':
      return 'only one at a time'
    default:
      return kind
  }
}

/** Why a run has not started yet: its key, its place in the queue of the key, and the rule. */
export function WhyItWaits({ waiting }: { waiting: WaitingFor }) {
  const { key, position, limit, since, not_before: notBefore } = waiting
  return (
    <Alert severity="info" variant="outlined" data-testid="why-it-waits" sx={{ mb: 4, alignItems: 'flex-start' }}>
      <Typography variant="body2" sx={{ fontWeight: 600 }}>
        {position === 1 ? 'It is the next' : `It is number ${position >= MOST ? `${MOST} or later` : position}`} of those with the key “{key}”
      </Typography>
      <Typography variant="body2">
        For this key, {ruleText(limit)}. It has waited for <Lasting from={since} to={null} />
        {notBefore !== null && `, and starts at ${fullTime(notBefore)} at the earliest`}.
      </Typography>
    </Alert>
  )
}
