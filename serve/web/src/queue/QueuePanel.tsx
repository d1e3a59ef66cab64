import Box from '@mui/material/Box'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'

import { useGetQueueUsageQuery } from '../api/generated'
import { useMay } from '../app/permissions'
import { Panel } from '../ui/Panel'
import { numberText, percentText } from '../ui/numbers'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { durationText } from '../ui/Time'

const POLL_MS = 5000

/** How much waits and runs, and which share of the next starts is this tenant's. */
export function QueuePanel() {
  const may = useMay()
  const { data, error, refetch } = useGetQueueUsageQuery(undefined, {
    refetchOnMountOrArgChange: true, pollingInterval: POLL_MS, skipPollingIfUnfocused: true, skip: !may('run:read'),
  })
  if (!may('run:read')) return null
  return (
    <Box sx={{ gridColumn: '1 / -1' }}>
      <Panel title="Queue" testId="queue">
        {data === undefined ? (
          error === undefined ? <Skeletons lines={1} /> : <ProblemAlert error={error} what="The queue could not be loaded" onRetry={() => void refetch()} />
        ) : (
          <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'repeat(2, minmax(0, 1fr))', md: 'repeat(4, minmax(0, 1fr))' } }}>
            <Figure name="Accepted, not started" value={numberText(data.waiting)} note={data.held === 0 ? 'none held back' : `${numberText(data.held)} held back by a key`} />
            <Figure name="Running now" value={numberText(data.running)} />
            <Figure name="The oldest waits" value={data.oldest_age === null ? '–' : durationText(data.oldest_age * 1000)} />
            <Figure name="Share of the next starts" value={percentText(data.share)} note={sharers(data.tenants_waiting)}>
              <Box aria-hidden sx={{ height: 4, borderRadius: 1, mt: 1, bgcolor: 'action.hover', overflow: 'hidden' }}>
                <Box sx={{ height: 1, bgcolor: 'primary.main' }} style={{ width: `${Math.min(100, data.share * 100)}%` }} />
              </Box>
            </Figure>
          </Box>
        )}
      </Panel>
    </Box>
  )
}

/** Among whom the starts are shared. */
export function sharers(tenants: number): string {
  return tenants <= 1 ? 'nobody else has work here' : `shared fairly among ${tenants} tenants with work`
}

function Figure({ name, value, note, children }: { name: string; value: string; note?: string; children?: ReactNode }) {
  return (
    <Stack sx={{ minWidth: 0 }}>
      <Typography variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>
        {name}
      </Typography>
      <Typography sx={{ fontSize: '1.25rem', fontWeight: 650, lineHeight: 1.3 }}>{value}</Typography>
      {children}
      {note !== undefined && (
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>
          {note}
        </Typography>
      )}
    </Stack>
  )
}
