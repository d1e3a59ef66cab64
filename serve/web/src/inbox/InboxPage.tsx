import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import ToggleButton from '@mui/material/ToggleButton'
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup'
import { useState } from 'react'

import { usePageNotificationsInfiniteQuery } from '../api'
import { useReadAllNotificationsMutation } from '../api/generated'
import { useAppDispatch, useAppSelector } from '../app/store'
import { useQueryState } from '../app/useQueryState'
import { Empty } from '../ui/Empty'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { WaitingForYou } from '../tasks/WaitingForYou'
import { allRead, heldBack, isUnread, merged } from './inboxSlice'
import { NotificationRow } from './NotificationRow'

/** What workflows had to tell the caller, newest first. */
export function InboxPage() {
  const dispatch = useAppDispatch()
  const [query, set] = useQueryState()
  const unreadOnly = query.get('show') === 'unread'
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePageNotificationsInfiniteQuery(
    unreadOnly ? { unread: true } : {},
    { refetchOnMountOrArgChange: true },
  )
  const inbox = useAppSelector((state) => state.inbox)
  const [readAll, { isLoading, error: readError }] = useReadAllNotificationsMutation()
  const [seen, setSeen] = useState('')
  const loaded = data?.pages.flatMap((page) => page.items) ?? []
  const newest = loaded[0]?.id ?? ''
  // Among the unread, what was read before the page was loaded has no place; what is read on the page stays.
  const arrived = unreadOnly ? inbox.arrived.filter((one) => (newest === '' ? isUnread(one, inbox) : one.id > newest)) : inbox.arrived
  const { rows, newer } = heldBack(merged({ ...inbox, arrived }, loaded), newest, seen)

  async function markAll() {
    const answer = await readAll()
    if (answer.data) dispatch(allRead({ at: new Date().toISOString() }))
  }

  return (
    <Box sx={{ maxWidth: 800 }}>
      <PageHeader title="Inbox">
        <ToggleButtonGroup exclusive size="small" aria-label="Show" value={unreadOnly ? 'unread' : 'all'}
          onChange={(_, value: string | null) => value && set({ show: value === 'unread' ? 'unread' : undefined })}>
          <ToggleButton value="all" sx={{ px: 3, py: 1 }}>All</ToggleButton>
          <ToggleButton value="unread" sx={{ px: 3, py: 1 }}>Unread</ToggleButton>
        </ToggleButtonGroup>
        <Button variant="outlined" startIcon={<Icon name="check" />} disabled={!inbox.unread} loading={isLoading} onClick={() => void markAll()}>
          Mark all as read
        </Button>
      </PageHeader>
      <Box sx={{ mb: 4, '&:empty': { display: 'none' } }}>
        <WaitingForYou />
      </Box>
      <ProblemAlert error={error} what="The inbox could not be loaded" onRetry={() => void refetch()} />
      <ProblemAlert error={readError} what="They were not marked" />
      <Box aria-live="polite" sx={{ mb: newer > 0 ? 2 : 0 }}>
        {newer > 0 && (
          <Button fullWidth variant="outlined" startIcon={<Icon name="up" />} onClick={() => setSeen(arrived[0]?.id ?? '')}>
            Show {newer} new {newer === 1 ? 'notification' : 'notifications'}
          </Button>
        )}
      </Box>
      <Paper variant="outlined">
        {rows.length > 0 ? (
          <Box component="ul" sx={{ m: 0, p: 0 }}>
            {rows.map((one) => (
              <NotificationRow key={one.id} notification={one} />
            ))}
          </Box>
        ) : data === undefined ? (
          error === undefined && <Skeletons lines={6} />
        ) : unreadOnly ? (
          <Empty icon="check" title="Everything is read" action={<Button variant="outlined" onClick={() => set({ show: undefined })}>Show all</Button>} />
        ) : (
          <Empty icon="inbox" title="Nothing to tell yet">
            A workflow writes here with a <code>call: notify</code> step, to everyone, to a role or to one person.
          </Empty>
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older notifications
        </Button>
      )}
    </Box>
  )
}
