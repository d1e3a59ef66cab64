import { useReadNotificationMutation, type Notification } from '../api/generated'
import { useAppDispatch, useAppSelector } from '../app/store'
import { isUnread, notificationRead } from './inboxSlice'

/** Whether a notification is unread, and how to mark it. */
export function useRead(notification: Notification): { unread: boolean; read: () => void } {
  const dispatch = useAppDispatch()
  const inbox = useAppSelector((state) => state.inbox)
  const [send] = useReadNotificationMutation()
  const unread = isUnread(notification, inbox)
  async function read() {
    if (!unread) return
    const answer = await send({ notificationId: notification.id })
    if (answer.data) {
      dispatch(notificationRead({ id: notification.id, unread: answer.data.unread, at: new Date().toISOString() }))
    }
  }
  return { unread, read: () => void read() }
}
