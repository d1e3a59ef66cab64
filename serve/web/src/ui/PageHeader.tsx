import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect, useRef, type ReactNode } from 'react'

interface PageHeaderProps {
  title: string
  children?: ReactNode
  above?: ReactNode
  badge?: ReactNode
}

/** The title of a page (also of the tab), and what can be done there. */
export function PageHeader({ title, children, above, badge }: PageHeaderProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Tidewire`
  }, [title])
  // A screen reader starts reading a new page at its title; the first page starts at the top.
  useEffect(() => {
    if (document.activeElement === document.body && window.history.length > 1) heading.current?.focus()
  }, [])
  return (
    <header>
      {above}
      <Stack direction="row" sx={{ alignItems: 'center', gap: 2, flexWrap: 'wrap', minHeight: 40, mb: 4 }}>
        <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ outline: 'none !important', overflowWrap: 'anywhere' }}>
          {title}
        </Typography>
        {badge}
        <Stack direction="row" sx={{ alignItems: 'center', gap: 2, flexWrap: 'wrap', ml: 'auto' }}>
          {children}
        </Stack>
      </Stack>
    </header>
  )
}
