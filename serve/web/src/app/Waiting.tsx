import Box from '@mui/material/Box'

/** While something is on its way that takes longer than a blink. */
export function Waiting() {
  return (
    <Box
      role="progressbar"
      aria-label="Loading"
      sx={{
        position: 'fixed', top: 0, left: 0, width: '100%', height: 2, zIndex: 2000, bgcolor: 'primary.main',
        transformOrigin: 'left', animation: 'wait 3s cubic-bezier(0.1, 0.7, 0.3, 1) 0.3s both',
        '@keyframes wait': { from: { transform: 'scaleX(0)' }, to: { transform: 'scaleX(0.9)' } },
      }}
    />
  )
}
