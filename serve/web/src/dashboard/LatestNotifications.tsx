import Button from '@mui/material/Button'
import List from '@mui/material/List'

import { useListNotificationsQuery } from '../api/generated'
import { useAppSelector } from '../app/store'
import { merged } from '../inbox/inboxSlice'
import { NotificationRow } from '../inbox/NotificationRow'
import { Link } from '../router'
import { Empty } from '../ui/Empty'
import { Panel } from '../ui/Panel'
import { Skeletons } from '../ui/Skeletons'

const SHOWN = 6

export function LatestNotifications() {
  const { data } = useListNotificationsQuery({ limit: 8 })
  const inbox = useAppSelector((state) => state.inbox)
  const shown = merged(inbox, data?.items ?? []).slice(0, SHOWN)
  return (
    <Panel title="Notifications" testId="latest-notifications" flush actions={<Button component={Link} to="/inbox">Inbox</Button>}>
      {shown.length > 0 ? (
        <List disablePadding>
          {shown.map((one) => (
            <NotificationRow key={one.id} notification={one} short />
          ))}
        </List>
      ) : data === undefined ? (
        <Skeletons />
      ) : (
        <Empty icon="inbox" title="Nothing to tell">
          Workflows write here with a <code>call: notify</code> step.
        </Empty>
      )}
    </Panel>
  )
}
