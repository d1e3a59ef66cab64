import Box from '@mui/material/Box'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemButton from '@mui/material/ListItemButton'
import ListItemIcon from '@mui/material/ListItemIcon'
import ListItemText from '@mui/material/ListItemText'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import type { Me } from '../api/generated'
import { UnreadBadge } from '../inbox/UnreadBadge'
import { LiveDot } from '../live/LiveDot'
import { Link, useLocation } from '../router'
import { TasksBadge } from '../tasks/TasksBadge'
import { Icon } from '../ui/Icon'
import { Logo } from '../ui/Logo'
import { AccountMenu } from './AccountMenu'
import { isAt, PLACES } from './navigation'

/** Navigation beside the page, where there is room. */
export function SideNav({ me }: { me: Me }) {
  const { pathname } = useLocation()
  const places = PLACES.filter((place) => place.permission === undefined || me.permissions.includes(place.permission))
  return (
    <Stack
      component="nav"
      aria-label="Main"
      sx={{ width: 208, flexShrink: 0, position: 'sticky', top: 0, height: '100dvh', borderRight: 1, borderColor: 'divider', bgcolor: 'background.paper', p: 2 }}
    >
      <Stack direction="row" sx={{ alignItems: 'center', gap: 2, px: 2, height: 48 }}>
        <Logo />
        <Typography sx={{ fontWeight: 700, letterSpacing: '-0.01em', flexGrow: 1 }}>Tidewire</Typography>
        <LiveDot />
      </Stack>
      <List sx={{ flexGrow: 1, display: 'grid', gap: 0.5, alignContent: 'start' }}>
        {places.map((place) => {
          const here = isAt(place, pathname)
          return (
            <ListItem key={place.to} disablePadding>
              <ListItemButton
                component={Link}
                to={place.to}
                selected={here}
                aria-current={here ? 'page' : undefined}
                data-testid={place.testId}
                sx={{ borderRadius: 1, px: 2, py: 1, minHeight: 36 }}
              >
                <ListItemIcon sx={{ minWidth: 30, color: here ? 'primary.main' : 'text.secondary' }}>
                  <Icon name={place.icon} />
                </ListItemIcon>
                <ListItemText primary={place.label} slotProps={{ primary: { variant: 'body2', sx: { fontWeight: here ? 650 : 500 } } }} />
                {place.to === '/inbox' && <UnreadBadge />}
                {place.to === '/tasks' && <TasksBadge />}
              </ListItemButton>
            </ListItem>
          )
        })}
      </List>
      <Box sx={{ borderTop: 1, borderColor: 'divider', pt: 2 }}>
        <AccountMenu me={me} />
      </Box>
    </Stack>
  )
}
