import Box from '@mui/material/Box'

import { useAppSelector } from '../app/store'

const WORDS = { off: 'Not connected', connecting: 'Connecting', connected: 'Live', lost: 'Connection lost' } as const
const COLORS = { off: 'text.disabled', connecting: 'text.disabled', connected: 'success.main', lost: 'warning.main' } as const

/** Whether changes come by themselves right now. */
export function LiveDot() {
  const status = useAppSelector((state) => state.live.status)
  return (
    <Box title={WORDS[status]} role="img" aria-label={WORDS[status]} data-testid="live" sx={{ width: 8, height: 8, borderRadius: '50%', bgcolor: COLORS[status], mr: 1 }} />
  )
}
