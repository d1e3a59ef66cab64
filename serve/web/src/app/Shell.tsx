import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import { useTheme } from '@mui/material/styles'
import useMediaQuery from '@mui/material/useMediaQuery'
import { Suspense, useEffect } from 'react'

import { useGetMeQuery } from '../api/generated'
import { onSessionElsewhere } from '../auth/otherTabs'
import { useSignOut } from '../auth/useSignedIn'
import { Live } from '../live/Live'
import { LiveBanner } from '../live/LiveBanner'
import { Navigate, Routes, useLocation, usePending } from '../router'
import { StepUpDialog } from '../security/StepUpDialog'
import { Empty } from '../ui/Empty'
import { BottomNav } from './BottomNav'
import { PageBoundary } from './PageBoundary'
import { PAGES } from './routes'
import { Shortcuts } from './Shortcuts'
import { SideNav } from './SideNav'
import { useAppSelector } from './store'
import { Waiting } from './Waiting'

/** The frame of all pages behind the sign-in. */
export function Shell() {
  const status = useAppSelector((state) => state.auth.status)
  const { pathname, search } = useLocation()
  useEffect(() => onSessionElsewhere(() => window.location.reload()), [])
  if (status === 'unknown') return <Waiting />
  if (status !== 'in') {
    const to = pathname === '/' ? '' : `?to=${encodeURIComponent(pathname + search)}`
    return <Navigate to={`/sign-in${to}`} />
  }
  return <SignedInShell />
}

function SignedInShell() {
  const { data: me, error, refetch } = useGetMeQuery()
  const signOut = useSignOut()
  const wide = useMediaQuery(useTheme().breakpoints.up('md'), { noSsr: true })
  const pending = usePending()
  const { pathname } = useLocation()
  if (error !== undefined && me === undefined) {
    return (
      <Empty icon="offline" title="Tidewire does not answer" action={<Button variant="contained" onClick={() => void refetch()}>Try again</Button>}>
        {error && 'detail' in error ? error.detail : 'The account could not be loaded.'}{' '}
        <Button onClick={() => void signOut()}>Sign out</Button>
      </Empty>
    )
  }
  if (me === undefined) return <Waiting />
  return (
    <Box sx={{ minHeight: '100dvh', display: 'flex' }}>
      <SkipLink />
      {wide && <SideNav me={me} />}
      <Box sx={{ flexGrow: 1, minWidth: 0, display: 'flex', flexDirection: 'column' }}>
        <LiveBanner />
        {pending && <Waiting />}
        <Box
          component="main"
          id="content"
          tabIndex={-1}
          sx={{ flexGrow: 1, px: { xs: 4, md: 8 }, py: { xs: 4, md: 6 }, pb: { xs: 20, md: 8 }, width: '100%', maxWidth: 1440, mx: 'auto', outline: 'none !important' }}
        >
          <PageBoundary page={pathname}>
            <Suspense fallback={<Waiting />}>
              <Routes routes={PAGES} />
            </Suspense>
          </PageBoundary>
        </Box>
      </Box>
      {!wide && <BottomNav />}
      <Live me={me} />
      <Shortcuts />
      <StepUpDialog />
    </Box>
  )
}

function SkipLink() {
  return (
    <Box
      component="a"
      href="#content"
      onClick={(event) => {
        event.preventDefault()
        document.getElementById('content')?.focus()
      }}
      sx={{
        position: 'fixed', top: 8, left: 8, zIndex: 2000, px: 4, py: 2, borderRadius: 1, bgcolor: 'primary.main',
        color: 'primary.contrastText', transform: 'translateY(-200%)', '&:focus': { transform: 'none' },
      }}
    >
      Skip to the content
    </Box>
  )
}
