import Box from '@mui/material/Box'
import { visuallyHidden } from '@mui/utils'

import { useAppSelector } from '../app/store'

/** How much of the inbox is unread; always there, and empty when that is nothing. */
export function UnreadBadge() {
  const unread = useAppSelector((state) => state.inbox.unread) ?? 0
  return (
    <Box component="span" data-testid="unread-badge">
      {unread > 0 && (
        <>
          <Box
            component="span"
            sx={{ display: 'inline-block', px: 1.5, minWidth: 18, textAlign: 'center', borderRadius: 10, bgcolor: 'primary.main', color: 'primary.contrastText', fontSize: '0.6875rem', fontWeight: 700, lineHeight: '18px' }}
          >
            {unread > 99 ? '99+' : unread}
          </Box>
          <span style={visuallyHidden}> unread</span>
        </>
      )}
    </Box>
  )
}
