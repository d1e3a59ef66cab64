import Skeleton from '@mui/material/Skeleton'
import Stack from '@mui/material/Stack'

/** Lines in place of a list that is on its way. */
export function Skeletons({ lines = 5, height = 28 }: { lines?: number; height?: number }) {
  return (
    <Stack sx={{ p: 4, gap: 2 }} role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} variant="rounded" height={height} />
      ))}
    </Stack>
  )
}
