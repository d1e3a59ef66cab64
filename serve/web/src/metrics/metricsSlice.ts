import { createSlice, type PayloadAction } from '@reduxjs/toolkit'

import type { Point, Series } from '../api/generated'
import type { Span } from './ranges'

/** A changed point as channel `metrics:<tenant>` tells it: the new totals of one window of one combination. */
export interface PointNews extends Point {
  metric: string
  step: number
  dimensions: Record<string, string>
}

/** One window of one combination of dimension values. */
export type Cell = Omit<Point, 'start'> & { dimensions: Record<string, string> }

/**
 * Windows by their start in seconds. A window has either a cell for each combination of dimension values, or, under
 * the key of no dimensions, one cell for all of them: that is how the time before the shown one is kept.
 */
export type Windows = Record<number, Record<string, Cell>>

export interface MetricsState {
  series: Record<string, Windows>
  /** Grows when messages may have been missed: views load their spans again. */
  epoch: number
}

export interface Loaded {
  metric: string
  step: number
  span: Span
  /** Whether the cells are apart by every dimension of the metric. */
  detailed: boolean
  series: Series[]
}

const KEPT = 2000
const ALL = ''

export function seriesKey(metric: string, step: number): string {
  return `${metric}|${step}`
}

export function cellKey(dimensions: Record<string, string>): string {
  const names = Object.keys(dimensions).sort()
  return names.length === 0 ? ALL : JSON.stringify(names.map((name) => [name, dimensions[name]]))
}

function seconds(start: string): number {
  return Math.round(Date.parse(start) / 1000)
}

function cellOf(point: Point | PointNews, dimensions: Record<string, string>): Cell {
  const { count, sum, min, max, avg, p50, p90, p99, uniques } = point
  return { dimensions, count, sum, min, max, avg, p50, p90, p99, uniques }
}

/** Totals only grow, so of two states of a cell the one that counts more is the later. */
function keepLater(cells: Record<string, Cell>, key: string, cell: Cell): void {
  const known = cells[key]
  if (known === undefined || cell.count >= known.count) cells[key] = cell
}

function prune(windows: Windows): void {
  const starts = Object.keys(windows)
  if (starts.length <= KEPT) return
  // Integer keys of an object come in order: the first ones are the oldest.
  for (const start of starts.slice(0, starts.length - KEPT)) delete windows[Number(start)]
}

const metricsSlice = createSlice({
  name: 'metrics',
  initialState: { series: {}, epoch: 0 } as MetricsState,
  reducers: {
    pointsArrived(state, action: PayloadAction<PointNews[]>) {
      for (const point of action.payload) {
        const windows = state.series[seriesKey(point.metric, point.step)]
        if (windows === undefined) continue
        const key = cellKey(point.dimensions)
        const cells = (windows[seconds(point.start)] ??= {})
        if (key !== ALL && cells[ALL] !== undefined) continue
        keepLater(cells, key, cellOf(point, point.dimensions))
      }
      for (const windows of Object.values(state.series)) prune(windows)
    },
    seriesLoaded(state, action: PayloadAction<Loaded>) {
      const { metric, step, span, detailed, series } = action.payload
      const windows = (state.series[seriesKey(metric, step)] ??= {})
      if (detailed) forgetTotals(windows, span)
      for (const one of series) {
        const key = cellKey(one.dimensions)
        for (const point of one.points) {
          const cells = (windows[seconds(point.start)] ??= {})
          const apart = Object.keys(cells).some((known) => known !== ALL)
          if (!detailed && apart) continue
          keepLater(cells, key, cellOf(point, one.dimensions))
        }
      }
      prune(windows)
    },
    metricsStale(state) {
      state.epoch += 1
    },
    /** A definition has changed: what is loaded next counts alone. */
    metricsForgotten: (state) => ({ series: {}, epoch: state.epoch + 1 }),
  },
})

function forgetTotals(windows: Windows, { from, to }: Span): void {
  for (const [start, cells] of Object.entries(windows)) {
    if (Number(start) >= from && Number(start) < to) delete cells[ALL]
  }
}

export const { pointsArrived, seriesLoaded, metricsStale, metricsForgotten } = metricsSlice.actions
export const metricsReducer = metricsSlice.reducer
