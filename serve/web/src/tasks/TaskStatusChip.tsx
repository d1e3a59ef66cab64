import Box from '@mui/material/Box'

import type { TaskStatus } from '../api/generated'
import { Icon } from '../ui/Icon'
import { TASK_STATUSES } from './people'

/** The status of a task: a word, a colour and a shape. */
export function TaskStatusChip({ status }: { status: TaskStatus }) {
  const { icon, color } = TASK_STATUSES[status]
  return (
    <Box component="span" data-testid="task-status" sx={{ display: 'inline-flex', alignItems: 'center', gap: 1, color, fontWeight: 600, fontSize: '0.8125rem', whiteSpace: 'nowrap' }}>
      <Icon name={icon} aria-hidden sx={{ fontSize: 16 }} />
      {status}
    </Box>
  )
}
