import Link from '@mui/material/Link'
import type { ReactNode } from 'react'

import { Link as RouterLink } from '../router'
import { Icon } from './Icon'

/** The way to the list that a page belongs to. */
export function BackLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link component={RouterLink} to={to} variant="body2" sx={{ display: 'inline-flex', alignItems: 'center', gap: 1 }}>
      <Icon name="back" sx={{ fontSize: 14 }} /> {children}
    </Link>
  )
}
