import type { Cell, Windows } from './metricsSlice'
import type { Span } from './ranges'

export const STATISTICS = ['count', 'sum', 'avg', 'min', 'max'] as const
export type Statistic = (typeof STATISTICS)[number]

export interface Total {
  count: number
  sum: number
  min: number | null
  max: number | null
}

/** One line of a chart; null where there is no value. */
export interface Line {
  label: string
  values: (number | null)[]
}

const NOTHING: Total = { count: 0, sum: 0, min: null, max: null }

function least(one: number | null, other: number | null, pick: (a: number, b: number) => number): number | null {
  if (one === null) return other
  return other === null ? one : pick(one, other)
}

export function add(total: Total, cell: Cell | Total): Total {
  return {
    count: total.count + cell.count,
    sum: total.sum + cell.sum,
    min: least(total.min, cell.min, Math.min),
    max: least(total.max, cell.max, Math.max),
  }
}

/** A statistic of a total. Nothing counted is a count of 0, but has no average. */
export function valueOf(total: Total, statistic: Statistic): number | null {
  if (statistic === 'count' || statistic === 'sum') return total[statistic]
  if (total.count === 0) return null
  return statistic === 'avg' ? total.sum / total.count : total[statistic]
}

export function startsOf(span: Span, step: number): number[] {
  const starts: number[] = []
  for (let start = span.from; start < span.to; start += step) starts.push(start)
  return starts
}

function cellsAt(windows: Windows | undefined, start: number): Cell[] {
  return Object.values(windows?.[start] ?? {})
}

/** All of a span together, with those cells only that `where` takes. */
export function totalOf(
  windows: Windows | undefined,
  span: Span,
  step: number,
  where: (cell: Cell) => boolean = () => true,
): Total {
  return startsOf(span, step)
    .flatMap((start) => cellsAt(windows, start))
    .filter(where)
    .reduce(add, NOTHING)
}

/** One line over all cells. */
export function lineOf(
  label: string,
  windows: Windows | undefined,
  span: Span,
  step: number,
  statistic: Statistic,
  where: (cell: Cell) => boolean = () => true,
): Line {
  const values = startsOf(span, step).map((start) =>
    valueOf(cellsAt(windows, start).filter(where).reduce(add, NOTHING), statistic),
  )
  return { label, values }
}

export interface Ranked {
  value: string
  total: Total
}

/** The values of a dimension by how much was counted, the greatest first. */
export function topOf(windows: Windows | undefined, span: Span, step: number, dimension: string): Ranked[] {
  const totals = new Map<string, Total>()
  for (const start of startsOf(span, step)) {
    for (const cell of cellsAt(windows, start)) {
      const value = cell.dimensions[dimension]
      if (value !== undefined) totals.set(value, add(totals.get(value) ?? NOTHING, cell))
    }
  }
  return [...totals]
    .map(([value, total]) => ({ value, total }))
    .sort((one, other) => other.total.count - one.total.count || (one.value < other.value ? -1 : 1))
}

/** A line for each of the greatest values of a dimension, and one for the rest where counts can be added. */
export function linesBy(
  windows: Windows | undefined,
  span: Span,
  step: number,
  statistic: Statistic,
  dimension: string,
  most: number,
): Line[] {
  const shown = topOf(windows, span, step, dimension).slice(0, most)
  return shown.map(({ value }) =>
    lineOf(value || '(empty)', windows, span, step, statistic, (cell) => cell.dimensions[dimension] === value),
  )
}

/** How much more than before, as a fraction; undefined when there was nothing before. */
export function trendOf(now: number | null, before: number | null): number | undefined {
  if (now === null || before === null || before === 0) return undefined
  return (now - before) / before
}
