import Box from '@mui/material/Box'

import { useGetMeQuery, useListMetricsQuery } from '../api/generated'
import { useQueryState } from '../app/useQueryState'
import { useMetric } from '../metrics/useMetric'
import { rangeOf, RANGES, spanOf } from '../metrics/ranges'
import { QueuePanel } from '../queue/QueuePanel'
import { PageHeader } from '../ui/PageHeader'
import { Picker } from '../ui/Picker'
import { ProblemAlert } from '../ui/ProblemAlert'
import { useNow } from '../ui/Time'
import { FirstSteps } from './FirstSteps'
import { LatestNotifications } from './LatestNotifications'
import { LatestRuns } from './LatestRuns'
import { Numbers } from './Numbers'
import { TimePanel } from './TimePanel'
import { TopPanel } from './TopPanel'

/** What happens right now; everything on it moves by itself. */
export function DashboardPage() {
  const [query, set] = useQueryState()
  const { data: me } = useGetMeQuery()
  const { data: metrics, error, refetch } = useListMetricsQuery()
  const range = rangeOf(query.get('range'))
  const now = useNow(range.step === 10 ? 1 : 5)
  const span = spanOf(range, now)
  const events = useMetric(metrics?.items.find((one) => one.name === 'events'), range)
  const runs = useMetric(metrics?.items.find((one) => one.name === 'runs'), range)

  return (
    <div data-testid="dashboard">
      <PageHeader title={me?.tenant.display_name ?? 'Dashboard'}>
        <Picker framed label="Range" value={range.id} onChange={(value) => set({ range: value })} options={RANGES.map((one) => [one.id, one.label] as const)} />
      </PageHeader>
      <ProblemAlert error={error ?? events.problem ?? runs.problem} what="Metrics could not be loaded" onRetry={() => void refetch()} />
      <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: 'repeat(12, minmax(0, 1fr))' }}>
        <Numbers events={events} runs={runs} span={span} range={range} />
        <FirstSteps />
        <Box sx={{ gridColumn: { xs: '1 / -1', lg: 'span 8' } }}>
          <TimePanel metrics={metrics?.items ?? []} query={query} set={set} span={span} range={range} events={events} runs={runs} />
        </Box>
        <Box sx={{ gridColumn: { xs: '1 / -1', lg: 'span 4' } }}>
          <TopPanel metrics={metrics?.items ?? []} query={query} set={set} span={span} range={range} />
        </Box>
        <Box sx={{ gridColumn: { xs: '1 / -1', lg: 'span 8' } }}>
          <LatestRuns />
        </Box>
        <Box sx={{ gridColumn: { xs: '1 / -1', lg: 'span 4' } }}>
          <LatestNotifications />
        </Box>
        <QueuePanel />
      </Box>
    </div>
  )
}
