import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Snackbar from '@mui/material/Snackbar'
import { visuallyHidden } from '@mui/utils'
import { useEffect, useState } from 'react'

import { api } from '../api'
import { useGetConfigQuery, type Me, type Notification } from '../api/generated'
import { useAppDispatch, useAppStore } from '../app/store'
import { useNavigate } from '../router'
import { pushUrl, startLive } from './connect'
import { pushToken } from './pushToken'

/** Keeps the store up to date while somebody is signed in, and shows what must not wait. */
export function Live({ me }: { me: Me }) {
  const dispatch = useAppDispatch()
  const store = useAppStore()
  const navigate = useNavigate()
  const { data: config, isError } = useGetConfigQuery()
  const [arrived, setArrived] = useState<Notification>()
  const [open, setOpen] = useState(false)
  const url = config?.push_url ?? (config !== undefined || isError ? pushUrl(window.location) : undefined)
  const { id: tenantId } = me.tenant
  const { id: userId } = me.user

  useEffect(() => {
    if (url === undefined) return
    return startLive(
      {
        url, tenantId, userId,
        getToken: () => dispatch(pushToken()),
        onNotification: (one) => {
          setArrived(one)
          setOpen(one.severity === 'critical')
        },
      },
      dispatch,
    )
  }, [url, tenantId, userId, dispatch, store])

  // The unread count is wanted on every page.
  api.useListNotificationsQuery({ limit: 8 })

  return (
    <>
      <Box sx={visuallyHidden} role="status">
        {arrived !== undefined && `Notification: ${arrived.title}`}
      </Box>
      <Snackbar open={open} onClose={(_, why) => why !== 'clickaway' && setOpen(false)} autoHideDuration={10_000} anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }} sx={{ bottom: { xs: 72, md: 24 } }}>
        <Alert
          severity="error"
          variant="filled"
          onClose={() => setOpen(false)}
          action={
            <Button color="inherit" onClick={() => { setOpen(false); void navigate('/inbox') }}>
              Open
            </Button>
          }
        >
          {arrived?.title}
        </Alert>
      </Snackbar>
    </>
  )
}
