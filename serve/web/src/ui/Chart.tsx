import Box from '@mui/material/Box'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'

import type { Line } from '../metrics/series'
import { ChartTable } from './ChartTable'
import { alone, areaPath, linePath, placesOf, timeMarks, timeText } from './chartShapes'
import { marks, numberText } from './numbers'
import { useWidth } from './useWidth'

interface ChartProps {
  /** What is shown, for those who do not see it. */
  title: string
  /** Starts of the windows in seconds since 1970; the last one is still open. */
  starts: number[]
  step: number
  lines: Line[]
  format?: (value: number | null) => string
  height?: number
  asTable?: boolean
  /** Opens what is behind a window. */
  onPick?: ((start: number) => void) | undefined
  pickLabel?: string
}

/** Calm, told apart in both schemes and by most eyes; the first one is the accent. */
export const LINE_COLORS = [
  'var(--mui-palette-primary-main)', '#8a94a0', '#c98a2b', '#9a6fb8', '#5b9a5f', '#c2665c', '#5f86c4',
]

const BOTTOM = 24
const TOP = 8
const RIGHT = 8

/** Lines over time. Moves with its data; read with the mouse, the arrow keys, or as a table. */
export function Chart(props: ChartProps) {
  const { title, starts, step, lines, format = numberText, height = 240, asTable = false, onPick } = props
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame, 720)
  const [at, setAt] = useState<number>()
  if (asTable) return <ChartTable title={title} starts={starts} step={step} lines={lines} format={format} />

  const all = lines.flatMap((line) => line.values).filter((value) => value !== null)
  const ticks = marks(Math.min(0, ...all), Math.max(1, ...all), 4)
  const left = 14 + 6.5 * Math.max(4, ...ticks.map((tick) => format(tick).length))
  const places = placesOf({
    count: starts.length, width, height, left, right: RIGHT, top: TOP, bottom: BOTTOM,
    low: ticks[0] ?? 0, high: ticks.at(-1) ?? 1,
  })
  const last = starts.length - 1

  function move(event: PointerEvent) {
    const box = event.currentTarget.getBoundingClientRect()
    setAt(places.nearest(event.clientX - box.left))
  }

  function key(event: KeyboardEvent) {
    const here = at ?? last
    const goal = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[event.key]
    if (goal !== undefined) {
      event.preventDefault()
      setAt(Math.min(last, Math.max(0, goal)))
    } else if (event.key === 'Enter') {
      pick(here)
    }
  }

  function pick(index: number | undefined) {
    const start = index === undefined ? undefined : starts[index]
    if (start !== undefined) onPick?.(start)
  }

  return (
    <Box>
      <Legend lines={lines} at={at ?? last} format={format} />
      <Box
        ref={frame}
        role="slider"
        tabIndex={0}
        aria-label={`${title}. Arrow keys move through time${onPick ? `, Enter ${props.pickLabel ?? 'opens it'}` : ''}.`}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at ?? last}
        aria-valuetext={describe(starts, step, lines, at ?? last, format)}
        onPointerMove={move}
        onPointerLeave={() => setAt(undefined)}
        onBlur={() => setAt(undefined)}
        onKeyDown={key}
        onClick={() => pick(at)}
        sx={{ position: 'relative', height, cursor: onPick ? 'pointer' : 'default', borderRadius: 1 }}
      >
        <svg width={width} height={height} aria-hidden="true" style={{ display: 'block' }}>
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={left} x2={width - RIGHT} y1={places.y(tick)} y2={places.y(tick)} stroke="var(--mui-palette-divider)" />
              <text x={left - 8} y={places.y(tick) + 4} textAnchor="end" fontSize={11} fill="var(--mui-palette-text-secondary)">
                {format(tick)}
              </text>
            </g>
          ))}
          {timeMarks(starts, Math.max(2, Math.floor(width / 110))).map((index) => (
            <text key={starts[index]} x={places.x(index)} y={height - 6} textAnchor="middle" fontSize={11} fill="var(--mui-palette-text-secondary)">
              {timeText(starts[index] ?? 0, step)}
            </text>
          ))}
          {lines.map((line, index) => (
            <g key={line.label} color={LINE_COLORS[index % LINE_COLORS.length]}>
              {index === 0 && lines.length <= 2 && <path d={areaPath(line.values, places)} fill="currentColor" opacity={0.09} />}
              {alone(line.values).map((place) => (
                <circle key={place} cx={places.x(place)} cy={places.y(line.values[place] ?? 0)} r={2.25} fill="currentColor" />
              ))}
              <path d={linePath(line.values.slice(0, -1), places)} fill="none" stroke="currentColor" strokeWidth={1.75} strokeLinejoin="round" />
              <path
                d={linePath(line.values.map((value, place) => (place >= last - 1 ? value : null)), places)}
                fill="none" stroke="currentColor" strokeWidth={1.75} strokeDasharray="3 3" opacity={0.75}
              />
            </g>
          ))}
          {at !== undefined && (
            <g>
              <line x1={places.x(at)} x2={places.x(at)} y1={TOP} y2={height - BOTTOM} stroke="var(--mui-palette-text-secondary)" strokeDasharray="2 2" />
              {lines.map((line, index) => {
                const value = line.values[at] ?? null
                return value === null ? null : (
                  <circle key={line.label} cx={places.x(at)} cy={places.y(value)} r={3.5} fill={LINE_COLORS[index % LINE_COLORS.length]} />
                )
              })}
            </g>
          )}
        </svg>
        {at !== undefined && (
          <Typography
            variant="caption"
            sx={{
              position: 'absolute', top: 0, px: 2, borderRadius: 1, bgcolor: 'text.primary', color: 'background.paper',
              pointerEvents: 'none', whiteSpace: 'nowrap', transform: 'translateX(-50%)',
            }}
            style={{ left: Math.min(width - 56, Math.max(56, places.x(at))) }}
          >
            {timeText(starts[at] ?? 0, step)}
          </Typography>
        )}
      </Box>
    </Box>
  )
}

function describe(starts: number[], step: number, lines: Line[], index: number, format: (value: number | null) => string) {
  const values = lines.map((line) => `${line.label} ${format(line.values[index] ?? null)}`).join(', ')
  return `${timeText(starts[index] ?? 0, step)}: ${values || 'nothing'}`
}

function Legend({ lines, at, format }: { lines: Line[]; at: number; format: (value: number | null) => string }) {
  return (
    <Stack direction="row" aria-hidden sx={{ gap: 4, flexWrap: 'wrap', mb: 1, minHeight: 20 }}>
      {lines.map((line, index) => (
        <Stack key={line.label} direction="row" sx={{ alignItems: 'center', gap: 1.5, minWidth: 0 }}>
          <Box sx={{ width: 10, height: 10, borderRadius: '3px', flexShrink: 0 }} style={{ background: LINE_COLORS[index % LINE_COLORS.length] }} />
          <Typography variant="caption" noWrap sx={{ color: 'text.secondary', maxWidth: 220 }}>
            {line.label}
          </Typography>
          <Typography variant="caption" sx={{ fontWeight: 650 }}>
            {format(line.values[at] ?? null)}
          </Typography>
        </Stack>
      ))}
    </Stack>
  )
}
