import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect, type ReactNode } from 'react'

import { useAppSelector } from '../app/store'
import { Waiting } from '../app/Waiting'
import { Navigate, useLocation } from '../router'
import { Logo } from '../ui/Logo'
import { backTo } from './backTo'

/** The frame of sign-in and sign-up; whoever is signed in goes on. */
export function AuthFrame({ title, children, below }: { title: string; children: ReactNode; below: ReactNode }) {
  const status = useAppSelector((state) => state.auth.status)
  const query = new URLSearchParams(useLocation().search)
  useEffect(() => {
    document.title = `${title} · Tidewire`
  }, [title])
  if (status === 'in') return <Navigate to={backTo(query)} />
  if (status === 'unknown') return <Waiting />
  return (
    <Box component="main" sx={{ minHeight: '100dvh', display: 'grid', placeItems: 'center', p: 4 }}>
      <Stack sx={{ width: '100%', maxWidth: 380, gap: 5 }}>
        <Stack direction="row" sx={{ alignItems: 'center', gap: 2, justifyContent: 'center' }}>
          <Logo size={32} />
          <Typography sx={{ fontSize: '1.25rem', fontWeight: 700, letterSpacing: '-0.02em' }}>Tidewire</Typography>
        </Stack>
        <Paper variant="outlined" sx={{ p: 6 }}>
          <Typography variant="h1" sx={{ mb: 4 }}>
            {title}
          </Typography>
          {children}
        </Paper>
        <Typography variant="body2" sx={{ textAlign: 'center', color: 'text.secondary' }}>
          {below}
        </Typography>
      </Stack>
    </Box>
  )
}
