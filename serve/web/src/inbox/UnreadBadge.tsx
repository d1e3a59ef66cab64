import { useAppSelector } from '../app/store'
import { CountBadge } from '../ui/CountBadge'

/** How much of the inbox is unread. */
export function UnreadBadge() {
  const unread = useAppSelector((state) => state.inbox.unread)
  return <CountBadge count={unread} what="unread" testId="unread-badge" />
}
