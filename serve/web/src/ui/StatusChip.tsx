import Box from '@mui/material/Box'

import type { RunStatus } from '../runs/runsSlice'
import { Icon, type IconName } from './Icon'

export const STATUSES: Record<RunStatus, { icon: IconName; color: string }> = {
  pending: { icon: 'clock', color: 'text.secondary' },
  running: { icon: 'run', color: 'primary.main' },
  waiting: { icon: 'clock', color: 'primary.main' },
  suspended: { icon: 'pause', color: 'warning.main' },
  completed: { icon: 'check', color: 'success.main' },
  faulted: { icon: 'alert', color: 'error.main' },
  cancelled: { icon: 'stop', color: 'text.secondary' },
}

/** The status of a run: a word, a colour and a shape. */
export function StatusChip({ status, testId }: { status: RunStatus; testId?: string }) {
  const { icon, color } = STATUSES[status]
  return (
    <Box
      component="span"
      data-testid={testId}
      sx={{ display: 'inline-flex', alignItems: 'center', gap: 1, color, fontWeight: 600, fontSize: '0.8125rem', whiteSpace: 'nowrap', verticalAlign: 'middle', lineHeight: 1.5 }}
    >
      <Icon name={icon} aria-hidden sx={{ fontSize: 16 }} />
      {status}
    </Box>
  )
}
