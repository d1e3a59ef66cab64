import { describe, expect, it } from 'vitest'

import type { Point } from '../api/generated'
import { metricsReducer, pointsArrived, seriesKey, seriesLoaded, type MetricsState, type PointNews } from './metricsSlice'
import { lineOf, topOf, totalOf, trendOf } from './series'

const STEP = 60
const SPAN = { from: 600, to: 780 }
const iso = (seconds: number) => new Date(seconds * 1000).toISOString()

function point(start: number, count: number, sum = 0): Point {
  const mean = count === 0 ? null : sum / count
  return { start: iso(start), count, sum, min: mean, max: mean, avg: mean, p50: null, p90: null, p99: null, uniques: null }
}

function news(start: number, type: string, count: number, sum = 0, metric = 'events'): PointNews {
  return { ...point(start, count, sum), metric, step: STEP, dimensions: { type, source: '/a' } }
}

function dimensionsOf(type: string | undefined): Record<string, string> {
  return type === undefined ? {} : { type, source: '/a' }
}

function loaded(detailed: boolean, series: { type?: string; points: Point[] }[], span = SPAN) {
  return seriesLoaded({
    metric: 'events', step: STEP, span, detailed,
    series: series.map(({ type, points }) => ({ dimensions: dimensionsOf(type), points })),
  })
}

const windows = (state: MetricsState) => state.series[seriesKey('events', STEP)]
const count = (state: MetricsState, span = SPAN) => totalOf(windows(state), span, STEP).count
const begin = (...actions: Parameters<typeof metricsReducer>[1][]) =>
  actions.reduce(metricsReducer, metricsReducer(undefined, { type: 'start' }))

describe('metric points', () => {
  it('take the place of what was known: they are totals, not additions', () => {
    const state = begin(loaded(true, [{ type: 'x', points: [point(600, 2)] }]), pointsArrived([news(600, 'x', 5)]))
    expect(count(state)).toBe(5)
  })

  it('may come twice or out of order', () => {
    const start = loaded(true, [])
    const three = [news(660, 'x', 1), news(660, 'x', 2), news(660, 'x', 3)]
    expect(count(begin(start, pointsArrived([...three, ...three].reverse())))).toBe(3)
  })

  it('win over an answer that was read before them', () => {
    const state = begin(loaded(true, []), pointsArrived([news(660, 'x', 7)]), loaded(true, [{ type: 'x', points: [point(660, 4)] }]))
    expect(count(state)).toBe(7)
  })

  it('of a series that nobody looks at are not kept', () => {
    expect(begin(pointsArrived([news(600, 'x', 1)])).series).toEqual({})
  })

  it('of other combinations add up', () => {
    const state = begin(loaded(true, []), pointsArrived([news(600, 'x', 1, 10), news(600, 'y', 3, 50), news(720, 'x', 1, 7)]))
    expect(count(state)).toBe(5)
    expect(lineOf('', windows(state), SPAN, STEP, 'avg').values).toEqual([15, null, 7])
    expect(topOf(windows(state), SPAN, STEP, 'type').map((one) => [one.value, one.total.count])).toEqual([['y', 3], ['x', 2]])
  })

  it('are not counted beside a total of the same window', () => {
    const totals = loaded(false, [{ points: [point(600, 10)] }])
    const state = begin(totals, pointsArrived([news(600, 'x', 4), news(720, 'x', 4)]))
    expect(count(state)).toBe(14)
  })

  it('apart by dimensions replace the totals of their span', () => {
    const state = begin(loaded(false, [{ points: [point(600, 10)] }]), loaded(true, [{ type: 'x', points: [point(600, 11)] }]))
    expect(count(state)).toBe(11)
  })

  it('are not replaced by totals that come later', () => {
    const state = begin(loaded(true, [{ type: 'x', points: [point(600, 11)] }]), loaded(false, [{ points: [point(600, 10)] }]))
    expect(count(state)).toBe(11)
  })

  it('of the past are forgotten when there are too many', () => {
    const many = Array.from({ length: 2500 }, (_, index) => news(600 + index * STEP, 'x', 1))
    const state = begin(loaded(true, []), pointsArrived(many))
    expect(Object.keys(windows(state) ?? {})).toHaveLength(2000)
    expect(windows(state)?.[600]).toBeUndefined()
  })
})

describe('trend', () => {
  it('compares with the time before, if there was anything', () => {
    expect(trendOf(15, 10)).toBe(0.5)
    expect(trendOf(15, 0)).toBeUndefined()
    expect(trendOf(null, 10)).toBeUndefined()
  })
})
