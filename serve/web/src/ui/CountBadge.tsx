import Box from '@mui/material/Box'
import { visuallyHidden } from '@mui/utils'

interface CountBadgeProps {
  count: number | undefined
  /** What is counted, for those who do not see where the number stands. */
  what: string
  testId: string
}

/** A small number; always there, and empty when there is nothing. */
export function CountBadge({ count = 0, what, testId }: CountBadgeProps) {
  return (
    <Box component="span" data-testid={testId}>
      {count > 0 && (
        <>
          <Box
            component="span"
            sx={{ display: 'inline-block', px: 1.5, minWidth: 18, textAlign: 'center', borderRadius: 10, bgcolor: 'primary.main', color: 'primary.contrastText', fontSize: '0.6875rem', fontWeight: 700, lineHeight: '18px' }}
          >
            {count > 99 ? '99+' : count}
          </Box>
          <span style={visuallyHidden}> {what}</span>
        </>
      )}
    </Box>
  )
}
