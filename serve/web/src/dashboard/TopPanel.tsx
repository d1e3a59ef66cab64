import Box from '@mui/material/Box'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import { topOf, valueOf, type Ranked } from '../metrics/series'
import { useMetric } from '../metrics/useMetric'
import { Link as RouterLink } from '../router'
import { Empty } from '../ui/Empty'
import { numberText } from '../ui/numbers'
import { Panel } from '../ui/Panel'
import { Picker } from '../ui/Picker'
import { hasValue, type MetricPanelProps } from './TimePanel'

const MOST = 7

/** Which values of a dimension counted most. */
export function TopPanel({ metrics, query, set, span, range }: MetricPanelProps) {
  const options = metrics.flatMap((metric) => metric.dimensions.map((one) => ({ metric, dimension: one.name })))
  const wanted = query.get('top')
  const picked = options.find((one) => idOf(one) === (wanted ?? 'events.type')) ?? options[0]
  const { windows, loaded } = useMetric(picked?.metric, range)
  const all = picked === undefined ? [] : topOf(windows, span, range.step, picked.dimension)
  const shown = all.slice(0, MOST)
  const most = shown[0]?.total.count ?? 1
  return (
    <Panel
      title="Most counted"
      actions={
        picked && (
          <Picker label="Metric and dimension" value={idOf(picked)} onChange={(value) => set({ top: value })}
            options={options.map((one) => [idOf(one), `${one.metric.name} by ${one.dimension}`] as const)} />
        )
      }
    >
      {loaded && shown.length === 0 && <Empty icon="chart" title="Nothing counted in this time" />}
      <Stack component="ol" sx={{ gap: 2, m: 0, p: 0, listStyle: 'none' }}>
        {shown.map((one) => (
          <Bar key={one.value} ranked={one} share={one.total.count / most} to={linkOf(picked?.metric.name, picked?.dimension, one.value)}
            average={picked !== undefined && hasValue(picked.metric) && picked.metric.name !== 'runs' ? valueOf(one.total, 'avg') : null} />
        ))}
      </Stack>
      {all.length > MOST && (
        <Typography variant="caption" component="p" sx={{ color: 'text.secondary', m: 0, mt: 2 }}>
          and {numberText(all.length - MOST)} more
        </Typography>
      )}
    </Panel>
  )
}

function idOf({ metric, dimension }: { metric: { name: string }; dimension: string }): string {
  return `${metric.name}.${dimension}`
}

function linkOf(metric: string | undefined, dimension: string | undefined, value: string): string | undefined {
  if (metric !== 'runs') return undefined
  if (dimension === 'status') return `/runs?status=${encodeURIComponent(value)}`
  const [namespace, name] = value.split('/')
  return name === undefined ? undefined : `/runs?namespace=${encodeURIComponent(namespace ?? '')}&name=${encodeURIComponent(name)}`
}

function Bar({ ranked, share, to, average }: { ranked: Ranked; share: number; to: string | undefined; average: number | null }) {
  const label = ranked.value || '(empty)'
  return (
    <Box component="li">
      <Stack direction="row" sx={{ justifyContent: 'space-between', gap: 2 }}>
        <Typography variant="body2" noWrap title={label} sx={{ minWidth: 0 }}>
          {to === undefined ? label : <Link component={RouterLink} to={to} color="inherit">{label}</Link>}
        </Typography>
        <Typography variant="body2" sx={{ whiteSpace: 'nowrap', fontWeight: 600 }}>
          {average !== null && <Box component="span" sx={{ color: 'text.secondary', fontWeight: 400, mr: 2 }}>avg {numberText(average)}</Box>}
          {numberText(ranked.total.count)}
        </Typography>
      </Stack>
      <Box sx={{ height: 4, borderRadius: 1, bgcolor: 'action.hover', mt: 0.5 }}>
        <Box sx={{ height: 4, borderRadius: 1, bgcolor: 'primary.main', transition: 'width 0.3s' }} style={{ width: `${Math.max(1, share * 100)}%` }} />
      </Box>
    </Box>
  )
}
