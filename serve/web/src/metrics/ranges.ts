/** A span that ends now, in windows of `step` seconds. */
export interface Range {
  id: string
  label: string
  seconds: number
  step: 10 | 60 | 3600
}

export const RANGES: readonly Range[] = [
  { id: '15m', label: 'Last 15 minutes', seconds: 900, step: 10 },
  { id: '1h', label: 'Last hour', seconds: 3600, step: 60 },
  { id: '6h', label: 'Last 6 hours', seconds: 21_600, step: 60 },
  { id: '24h', label: 'Last 24 hours', seconds: 86_400, step: 3600 },
  { id: '7d', label: 'Last 7 days', seconds: 604_800, step: 3600 },
]

const DEFAULT = RANGES[1] as Range

export function rangeOf(id: string | null): Range {
  return RANGES.find((one) => one.id === id) ?? DEFAULT
}

/** Times in seconds since 1970. */
export interface Span {
  from: number
  to: number
}

/** The windows of the range, the open one included. */
export function spanOf(range: Range, nowSeconds: number): Span {
  const to = (Math.floor(nowSeconds / range.step) + 1) * range.step
  return { from: to - range.seconds, to }
}

/** The same length of time, just before. */
export function spanBefore({ from, to }: Span): Span {
  return { from: from - (to - from), to: from }
}
