import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'

import { Icon, type IconName } from './Icon'

interface EmptyProps {
  icon: IconName
  title: string
  children?: ReactNode
  /** The button that makes what belongs here. */
  action?: ReactNode
}

/** Says what belongs into an empty place. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <Stack sx={{ alignItems: 'center', textAlign: 'center', gap: 2, px: 4, py: 8, maxWidth: 480, mx: 'auto' }}>
      <Icon name={icon} sx={{ fontSize: 28, color: 'text.secondary' }} />
      <Typography variant="h3" component="p">
        {title}
      </Typography>
      {children !== undefined && (
        <Typography variant="body2" component="div" sx={{ color: 'text.secondary' }}>
          {children}
        </Typography>
      )}
      {action}
    </Stack>
  )
}
