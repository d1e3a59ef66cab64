const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 4 })
const FINE = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const CHANGE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' })

/** Counts in full up to a million, everything else with three digits that matter. */
export function numberText(value: number | null): string {
  if (value === null) return '–'
  if (Number.isInteger(value)) return Math.abs(value) < 1_000_000 ? WHOLE.format(value) : SHORT.format(value)
  return Math.abs(value) < 10_000 ? FINE.format(value) : numberText(Math.round(value))
}

export function percentText(fraction: number | null): string {
  return fraction === null ? '–' : PERCENT.format(fraction)
}

export function changeText(fraction: number): string {
  return Math.abs(fraction) > 10 ? `${fraction > 0 ? '+' : ''}${numberText(fraction)}×` : CHANGE.format(fraction)
}

/** Round marks of an axis from 0 (or below) to the top. */
export function marks(low: number, high: number, count: number): number[] {
  const span = high - low || 1
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power
  const first = Math.floor(low / step)
  const last = Math.ceil(high / step)
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}
