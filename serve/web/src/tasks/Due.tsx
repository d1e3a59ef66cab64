import Box from '@mui/material/Box'

import type { Task } from '../api/generated'
import { Ago, fullTime, useNow } from '../ui/Time'
import { leftText } from './people'

/** Until when an open task can be answered; when it was over for a closed one. */
export function Due({ task }: { task: Pick<Task, 'status' | 'due_at' | 'closed_at'> }) {
  return task.status === 'open' ? <Left until={task.due_at} /> : <Ago at={task.closed_at ?? task.due_at} />
}

function Left({ until }: { until: string }) {
  const now = useNow(5)
  const left = Date.parse(until) - now * 1000
  return (
    <time dateTime={until} title={fullTime(until)}>
      <Box component="span" sx={left < 3_600_000 ? { color: 'error.main', fontWeight: 600 } : {}}>
        {leftText(left)}
      </Box>
    </time>
  )
}
