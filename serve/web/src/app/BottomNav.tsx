import BottomNavigation from '@mui/material/BottomNavigation'
import BottomNavigationAction from '@mui/material/BottomNavigationAction'
import Box from '@mui/material/Box'
import ListItemIcon from '@mui/material/ListItemIcon'
import Menu from '@mui/material/Menu'
import MenuItem from '@mui/material/MenuItem'
import Paper from '@mui/material/Paper'
import { useState } from 'react'

import { UnreadBadge } from '../inbox/UnreadBadge'
import { Link, useLocation } from '../router'
import { TasksBadge } from '../tasks/TasksBadge'
import { Icon } from '../ui/Icon'
import { isAt, PLACES } from './navigation'

const MAIN = PLACES.slice(0, 4)
const REST = PLACES.slice(4)

/** Navigation under the thumb, on narrow screens. */
export function BottomNav() {
  const { pathname } = useLocation()
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  const here = PLACES.find((place) => isAt(place, pathname))
  const value = here !== undefined && MAIN.includes(here) ? here.to : 'more'
  return (
    <Paper component="nav" aria-label="Main" variant="outlined" square sx={{ position: 'fixed', bottom: 0, left: 0, right: 0, zIndex: 1100, borderWidth: '1px 0 0', pb: 'env(safe-area-inset-bottom)' }}>
      <BottomNavigation value={value} showLabels sx={{ height: 56, bgcolor: 'transparent', '& .MuiBottomNavigationAction-label, & .Mui-selected .MuiBottomNavigationAction-label': { fontSize: '0.6875rem', fontWeight: 600, mt: 1 } }}>
        {MAIN.map((place) => (
          <BottomNavigationAction
            key={place.to}
            component={Link}
            to={place.to}
            value={place.to}
            label={place.label}
            data-testid={place.testId}
            aria-current={place === here ? 'page' : undefined}
            icon={
              <Box sx={{ position: 'relative' }}>
                <Icon name={place.icon} />
                {place.to === '/inbox' && (
                  <Box sx={{ position: 'absolute', top: -6, left: 12 }}>
                    <UnreadBadge />
                  </Box>
                )}
              </Box>
            }
            sx={{ minWidth: 0, px: 1 }}
          />
        ))}
        <BottomNavigationAction
          value="more" label="More" icon={<Icon name="more" />} aria-haspopup="menu" aria-expanded={anchor !== null}
          onClick={(event) => setAnchor(event.currentTarget)} sx={{ minWidth: 0, px: 1 }}
        />
      </BottomNavigation>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)} anchorOrigin={{ vertical: 'top', horizontal: 'right' }} transformOrigin={{ vertical: 'bottom', horizontal: 'right' }}>
        {REST.map((place) => (
          <MenuItem key={place.to} component={Link} to={place.to} onClick={() => setAnchor(null)} data-testid={place.testId}>
            <ListItemIcon>
              <Icon name={place.icon} />
            </ListItemIcon>
            <Box component="span" sx={{ flexGrow: 1, mr: 4 }}>
              {place.label}
            </Box>
            {place.to === '/tasks' && <TasksBadge />}
          </MenuItem>
        ))}
      </Menu>
    </Paper>
  )
}
