import { useListTasksQuery } from '../api/generated'
import { CountBadge } from '../ui/CountBadge'

/** How many open tasks are with the caller. */
export function TasksBadge() {
  const { data } = useListTasksQuery({ mine: true, status: 'open', limit: 1 })
  return <CountBadge count={data?.mine} what="waiting for you" testId="tasks-badge" />
}
