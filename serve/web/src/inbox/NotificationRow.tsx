import Box from '@mui/material/Box'
import ButtonBase from '@mui/material/ButtonBase'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { visuallyHidden } from '@mui/utils'
import { useId, useState } from 'react'

import type { Notification } from '../api/generated'
import { Link as RouterLink } from '../router'
import { Icon, type IconName } from '../ui/Icon'
import { Ago } from '../ui/Time'
import { useRead } from './useRead'

const LOOKS: Record<Notification['severity'], { icon: IconName; color: string }> = {
  info: { icon: 'info', color: 'info.main' },
  success: { icon: 'check', color: 'success.main' },
  warning: { icon: 'alert', color: 'warning.main' },
  critical: { icon: 'alert', color: 'error.main' },
}

/** One notification: opening it marks it as read and shows what it is about. */
export function NotificationRow({ notification, short = false }: { notification: Notification; short?: boolean }) {
  const { unread, read } = useRead(notification)
  const [open, setOpen] = useState(false)
  const id = useId()
  const { icon, color } = LOOKS[notification.severity]

  function toggle() {
    setOpen(!open)
    read()
  }

  return (
    <Box component="li" data-testid="notification" sx={{ listStyle: 'none', borderBottom: 1, borderColor: 'divider', '&:last-of-type': { borderBottom: 0 } }}>
      <ButtonBase
        onClick={toggle}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        sx={{ width: '100%', textAlign: 'left', justifyContent: 'flex-start', alignItems: 'flex-start', gap: 3, px: 4, py: short ? 2 : 3, '&:hover': { bgcolor: 'action.hover' }, '&:focus-visible': { outlineOffset: -2 } }}
      >
        <Icon name={icon} titleAccess={notification.severity} sx={{ color, mt: '1px', flexShrink: 0 }} />
        <Box sx={{ minWidth: 0, flexGrow: 1 }}>
          <Typography variant="body2" sx={{ fontWeight: unread ? 650 : 400, overflowWrap: 'anywhere' }}>
            {notification.title}
          </Typography>
          {!open && !short && notification.body !== '' && (
            <Typography variant="body2" noWrap sx={{ color: 'text.secondary' }}>
              {notification.body}
            </Typography>
          )}
        </Box>
        <Typography variant="caption" sx={{ color: 'text.secondary', whiteSpace: 'nowrap', mt: '2px' }}>
          <Ago at={notification.created_at} />
        </Typography>
        <Box sx={{ width: 8, height: 8, borderRadius: '50%', bgcolor: unread ? 'primary.main' : 'transparent', flexShrink: 0, mt: '6px' }}>
          {unread && <span style={visuallyHidden}>unread</span>}
        </Box>
      </ButtonBase>
      {open && (
        <Stack id={id} sx={{ px: 4, pl: 12, pb: 3, gap: 2 }}>
          {notification.body !== '' && (
            <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {notification.body}
            </Typography>
          )}
          <Stack direction="row" sx={{ gap: 4, flexWrap: 'wrap' }}>
            {notification.run_id !== null && (
              <Link component={RouterLink} to={`/runs/${notification.run_id}`} variant="body2">
                The run that wrote this
              </Link>
            )}
            {notification.link !== null && <Onward to={notification.link} />}
          </Stack>
        </Stack>
      )}
    </Box>
  )
}

/** Only addresses of this app and of the web are followed. */
function Onward({ to }: { to: string }) {
  if (/^\/(?![/\\])/.test(to)) {
    return (
      <Link component={RouterLink} to={to} variant="body2">
        {to}
      </Link>
    )
  }
  if (/^https?:\/\//i.test(to)) {
    return (
      <Link href={to} target="_blank" rel="noopener noreferrer" variant="body2" sx={{ overflowWrap: 'anywhere' }}>
        {to}
      </Link>
    )
  }
  return (
    <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>
      {to}
    </Typography>
  )
}
