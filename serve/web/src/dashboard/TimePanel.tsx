import IconButton from '@mui/material/IconButton'
import Skeleton from '@mui/material/Skeleton'
import { useState } from 'react'

import type { Metric } from '../api/generated'
import type { Range, Span } from '../metrics/ranges'
import { lineOf, linesBy, startsOf, STATISTICS, type Line, type Statistic } from '../metrics/series'
import { useMetric, type Live } from '../metrics/useMetric'
import { MERGED, useServerLines, type Merged } from '../metrics/useServerLines'
import { useNavigate } from '../router'
import { Chart } from '../ui/Chart'
import { Icon } from '../ui/Icon'
import { numberText } from '../ui/numbers'
import { Panel } from '../ui/Panel'
import { Picker } from '../ui/Picker'
import { ProblemAlert } from '../ui/ProblemAlert'
import { durationText } from '../ui/Time'

export interface MetricPanelProps {
  metrics: Metric[]
  query: URLSearchParams
  set: (change: Record<string, string | undefined>) => void
  span: Span
  range: Range
}

const BOTH = 'both'
const LINES = 6
const WORDS: Record<Statistic | Merged, string> = {
  count: 'Count', sum: 'Sum', avg: 'Average', min: 'Least', max: 'Greatest', p50: 'Median', p90: '90th percentile', p99: '99th percentile',
  uniques: 'Different values',
}

/** Events and runs, or one metric, over time. */
export function TimePanel({ metrics, query, set, span, range, events, runs }: MetricPanelProps & { events: Live; runs: Live }) {
  const navigate = useNavigate()
  const [asTable, setAsTable] = useState(false)
  const picked = metrics.find((one) => one.name === query.get('metric'))
  const own = useMetric(picked, range)
  const statistic = statisticOf(picked, query.get('stat'))
  const by = picked?.dimensions.find((one) => one.name === query.get('by'))?.name
  const starts = startsOf(span, range.step)
  const asked = picked !== undefined && isMerged(statistic) ? { metric: picked.name, statistic, by, most: LINES } : undefined
  const merged = useServerLines(asked, range, own.windows, starts)
  const lines = linesOf()
  const isTime = picked?.name === 'runs' && statistic !== 'count' && statistic !== 'uniques'

  function linesOf(): Line[] {
    if (picked === undefined) {
      return [lineOf('Events', events.windows, span, range.step, 'count'), lineOf('Runs ended', runs.windows, span, range.step, 'count')]
    }
    if (isMerged(statistic)) return merged
    if (by !== undefined) return linesBy(own.windows, span, range.step, statistic, by, LINES)
    return [lineOf(picked.name, own.windows, span, range.step, statistic)]
  }

  function open(start: number) {
    const from = new Date(start * 1000).toISOString()
    const to = new Date((start + range.step) * 1000).toISOString()
    void navigate(`/runs?from=${from}&to=${to}`)
  }

  const ready = picked === undefined ? events.loaded && runs.loaded : own.loaded
  return (
    <Panel
      title="Over time"
      actions={
        <>
          <Picker label="Metric" value={picked?.name ?? BOTH} onChange={(value) => set({ metric: value === BOTH ? undefined : value })}
            options={[[BOTH, 'Events and runs'], ...metrics.map((one) => [one.name, one.name] as const)]} />
          {picked !== undefined && statisticsOf(picked).length > 1 && (
            <Picker label="Statistic" value={statistic} onChange={(value) => set({ stat: value })} options={statisticsOf(picked).map((one) => [one, WORDS[one]] as const)} />
          )}
          {picked !== undefined && picked.dimensions.length > 0 && (
            <Picker label="By" value={by ?? ''} onChange={(value) => set({ by: value })}
              options={[['', 'All together'], ...picked.dimensions.map((one) => [one.name, one.name] as const)]} />
          )}
          <IconButton title={asTable ? 'Show as chart' : 'Show as table'} aria-label={asTable ? 'Show as chart' : 'Show as table'} onClick={() => setAsTable(!asTable)}>
              <Icon name={asTable ? 'chart' : 'table'} />
            </IconButton>
        </>
      }
    >
      <ProblemAlert error={own.problem} what="The metric could not be loaded" />
      {ready ? (
        <Chart
          title={picked === undefined ? 'Events and runs over time' : `${picked.name}, ${WORDS[statistic].toLowerCase()}, over time`}
          starts={starts} step={range.step} lines={lines} asTable={asTable} onPick={open}
          pickLabel="shows the runs made then" {...(isTime ? { format: (value) => (value === null ? '–' : value === 0 ? '0' : durationText(value)) } : { format: numberText })}
        />
      ) : (
        <Skeleton variant="rounded" height={264} />
      )}
    </Panel>
  )
}

export function hasValue(metric: Metric): boolean {
  return metric.value !== null || metric.name === 'runs'
}

/** The statistics that a metric has. */
function statisticsOf(metric: Metric): (Statistic | Merged)[] {
  const valued: (Statistic | Merged)[] = hasValue(metric) ? [...STATISTICS, 'p50', 'p90', 'p99'] : ['count']
  return metric.unique === null ? valued : [...valued, 'uniques']
}

function statisticOf(metric: Metric | undefined, wanted: string | null): Statistic | Merged {
  if (metric === undefined) return 'count'
  return statisticsOf(metric).find((one) => one === wanted) ?? (hasValue(metric) ? 'avg' : 'count')
}

function isMerged(statistic: Statistic | Merged): statistic is Merged {
  return MERGED.some((one) => one === statistic)
}
