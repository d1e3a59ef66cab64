import Box from '@mui/material/Box'
import ButtonBase from '@mui/material/ButtonBase'
import Divider from '@mui/material/Divider'
import ListItemIcon from '@mui/material/ListItemIcon'
import Menu from '@mui/material/Menu'
import MenuItem from '@mui/material/MenuItem'
import { useColorScheme } from '@mui/material/styles'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import type { Me } from '../api/generated'
import { useSignOut } from '../auth/useSignedIn'
import { Icon } from '../ui/Icon'

export const MODES = [
  { mode: 'light', label: 'Light', icon: 'sun' },
  { mode: 'dark', label: 'Dark', icon: 'moon' },
  { mode: 'system', label: 'As the system', icon: 'system' },
] as const

/** Who is signed in and where, the colours, and the way out. */
export function AccountMenu({ me }: { me: Me }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  const { mode, setMode } = useColorScheme()
  const signOut = useSignOut()
  return (
    <>
      <ButtonBase
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        sx={{ width: '100%', textAlign: 'left', borderRadius: 1, p: 2, gap: 2, '&:hover': { bgcolor: 'action.hover' } }}
      >
        <Box sx={{ flexGrow: 1, minWidth: 0 }}>
          <Typography variant="body2" noWrap sx={{ fontWeight: 600 }}>
            {me.tenant.display_name}
          </Typography>
          <Typography variant="caption" noWrap component="div" sx={{ color: 'text.secondary' }}>
            {me.user.email}
          </Typography>
        </Box>
        <Icon name="up" sx={{ color: 'text.secondary' }} />
      </ButtonBase>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)} slotProps={{ list: { dense: true, 'aria-label': 'Account' } }}>
        {MODES.map((one) => (
          <MenuItem key={one.mode} role="menuitemradio" aria-checked={mode === one.mode} selected={mode === one.mode} onClick={() => setMode(one.mode)}>
            <ListItemIcon>
              <Icon name={one.icon} />
            </ListItemIcon>
            {one.label}
          </MenuItem>
        ))}
        <Divider />
        <MenuItem onClick={() => void signOut()}>
          <ListItemIcon>
            <Icon name="out" />
          </ListItemIcon>
          Sign out
        </MenuItem>
      </Menu>
    </>
  )
}
