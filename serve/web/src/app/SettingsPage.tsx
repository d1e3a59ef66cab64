import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemText from '@mui/material/ListItemText'
import { useColorScheme } from '@mui/material/styles'
import Stack from '@mui/material/Stack'
import ToggleButton from '@mui/material/ToggleButton'
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup'
import Typography from '@mui/material/Typography'

import { useGetConfigQuery, useGetMeQuery, useListMyTenantsQuery, useSwitchTenantMutation } from '../api/generated'
import { announceSession } from '../auth/otherTabs'
import { useSignOut } from '../auth/useSignedIn'
import { FactorsPanel } from '../security/FactorsPanel'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { MODES } from './AccountMenu'

export function SettingsPage() {
  const { data: me } = useGetMeQuery()
  const { data: tenants } = useListMyTenantsQuery()
  const { data: config } = useGetConfigQuery()
  const [change, { error, isLoading }] = useSwitchTenantMutation()
  const { mode, setMode } = useColorScheme()
  const signOut = useSignOut()

  async function enter(tenant: string) {
    const answer = await change({ switchRequest: { tenant } })
    if (answer.data === undefined) return
    announceSession()
    // Nothing of one tenant may be left when the other is shown.
    window.location.assign('/')
  }

  return (
    <Box sx={{ maxWidth: 800 }}>
      <PageHeader title="Settings" />
      <Stack sx={{ gap: 4 }}>
        <Panel title="You">
          <Stack direction="row" sx={{ gap: 4, alignItems: 'center', flexWrap: 'wrap' }}>
            <Typography variant="body2" sx={{ flexGrow: 1 }}>
              {me?.user.email}, {me?.role} of {me?.tenant.display_name}
            </Typography>
            <Button variant="outlined" startIcon={<Icon name="out" />} onClick={() => void signOut()}>
              Sign out
            </Button>
          </Stack>
        </Panel>
        <FactorsPanel />
        <Panel title="Colours">
          <ToggleButtonGroup exclusive size="small" aria-label="Colours" value={mode ?? 'system'} onChange={(_, value: typeof mode | null) => value && setMode(value)}>
            {MODES.map((one) => (
              <ToggleButton key={one.mode} value={one.mode} sx={{ gap: 2, px: 3 }}>
                <Icon name={one.icon} /> {one.label}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
        </Panel>
        <Panel title="Tenants" flush>
          <ProblemAlert error={error} what="The tenant was not changed" />
          <List disablePadding>
            {tenants?.items.map((one) => (
              <ListItem
                key={one.id}
                divider
                secondaryAction={
                  one.id === me?.tenant.id ? (
                    <Typography variant="caption" sx={{ color: 'text.secondary' }}>
                      here
                    </Typography>
                  ) : (
                    <Button loading={isLoading} onClick={() => void enter(one.name)}>
                      Go there
                    </Button>
                  )
                }
              >
                <ListItemText primary={one.display_name} secondary={`${one.name}, ${one.role}`} />
              </ListItem>
            ))}
          </List>
        </Panel>
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>
          Tidewire {config?.version}. Press <kbd>?</kbd> for the keys.
        </Typography>
      </Stack>
    </Box>
  )
}
