import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Skeleton from '@mui/material/Skeleton'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import type { Cell } from '../metrics/metricsSlice'
import { spanBefore, type Range, type Span } from '../metrics/ranges'
import { lineOf, totalOf, trendOf, valueOf } from '../metrics/series'
import type { Live } from '../metrics/useMetric'
import { changeText, numberText, percentText } from '../ui/numbers'
import { Sparkline } from '../ui/Sparkline'
import { durationText } from '../ui/Time'

interface NumbersProps {
  events: Live
  runs: Live
  span: Span
  range: Range
}

const isFaulted = (cell: Cell) => cell.dimensions.status === 'faulted'

/** The numbers of the range, each with its change against the same time before. */
export function Numbers({ events, runs, span, range }: NumbersProps) {
  const before = spanBefore(span)
  const eventsNow = totalOf(events.windows, span, range.step)
  const eventsBefore = totalOf(events.windows, before, range.step)
  const runsNow = totalOf(runs.windows, span, range.step)
  const runsBefore = totalOf(runs.windows, before, range.step)
  const faulted = totalOf(runs.windows, span, range.step, isFaulted).count
  const average = valueOf(runsNow, 'avg')
  return (
    <>
      <Figure
        label="Events" testId="events-total" ready={events.loaded} value={numberText(eventsNow.count)}
        trend={trendOf(eventsNow.count, eventsBefore.count)} values={lineOf('', events.windows, span, range.step, 'count').values}
      />
      <Figure
        label="Runs ended" testId="runs-total" ready={runs.loaded} value={numberText(runsNow.count)}
        trend={trendOf(runsNow.count, runsBefore.count)} values={lineOf('', runs.windows, span, range.step, 'count').values}
      />
      <Figure
        label="Runs faulted" testId="faulted-total" ready={runs.loaded} value={numberText(faulted)}
        note={runsNow.count > 0 ? `${percentText(faulted / runsNow.count)} of all` : 'no runs yet'} bad={faulted > 0}
        values={lineOf('', runs.windows, span, range.step, 'count', isFaulted).values}
      />
      <Figure
        label="Average run" testId="run-time" ready={runs.loaded} value={average === null ? '–' : durationText(average)}
        trend={trendOf(average, valueOf(runsBefore, 'avg'))} values={lineOf('', runs.windows, span, range.step, 'avg').values}
      />
    </>
  )
}

interface FigureProps {
  label: string
  value: string
  testId: string
  ready: boolean
  trend?: number | undefined
  note?: string
  bad?: boolean
  values: (number | null)[]
}

function Figure({ label, value, testId, ready, trend, note, bad = false, values }: FigureProps) {
  return (
    <Paper component="section" aria-label={label} variant="outlined" sx={{ gridColumn: { xs: 'span 6', lg: 'span 3' }, px: { xs: 3, sm: 4 }, py: 3, minWidth: 0 }}>
      <Typography variant="caption" component="h2" noWrap sx={{ color: 'text.secondary', fontWeight: 600 }}>
        {label}
      </Typography>
      <Stack direction="row" sx={{ alignItems: 'flex-end', justifyContent: 'space-between', gap: 2 }}>
        <Typography data-testid={testId} sx={{ fontSize: '1.625rem', fontWeight: 650, lineHeight: 1.25, letterSpacing: '-0.02em', color: bad ? 'error.main' : 'text.primary' }}>
          {ready ? value : <Skeleton width={72} />}
        </Typography>
        <Sparkline values={values} {...(bad ? { color: 'var(--mui-palette-error-main)' } : {})} />
      </Stack>
      <Typography variant="caption" component="div" noWrap sx={{ color: 'text.secondary', minHeight: 17 }}>
        {note ?? (trend === undefined ? 'no figures before' : <Trend change={trend} />)}
      </Typography>
    </Paper>
  )
}

function Trend({ change }: { change: number }) {
  return (
    <>
      <Box component="span" sx={{ color: 'text.primary', fontWeight: 600 }}>
        {changeText(change)}
      </Box>{' '}
      against before
    </>
  )
}
