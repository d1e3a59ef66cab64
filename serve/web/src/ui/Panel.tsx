import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useId, type ReactNode } from 'react'

interface PanelProps {
  title: ReactNode
  actions?: ReactNode
  children: ReactNode
  testId?: string
  /** Tables go to the edges. */
  flush?: boolean
}

/** A titled part of a page. */
export function Panel({ title, actions, children, testId, flush = false }: PanelProps) {
  const id = useId()
  return (
    <Paper
      component="section"
      variant="outlined"
      aria-labelledby={id}
      data-testid={testId}
      sx={{ display: 'flex', flexDirection: 'column', minWidth: 0, height: '100%' }}
    >
      <Stack
        direction="row"
        sx={{ px: 4, minHeight: 48, py: 1, alignItems: 'center', gap: 2, flexWrap: { xs: 'wrap', sm: 'nowrap' }, borderBottom: flush ? 1 : 0, borderColor: 'divider' }}
      >
        <Typography id={id} variant="h2" noWrap sx={{ flexGrow: 1, flexShrink: 0, maxWidth: '100%' }}>
          {title}
        </Typography>
        {actions}
      </Stack>
      <Box sx={{ px: flush ? 0 : 4, pb: flush ? 0 : 4, flexGrow: 1, minWidth: 0 }}>{children}</Box>
    </Paper>
  )
}
