export interface Frame {
  count: number
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
  low: number
  high: number
}

/** Where things are, in pixels. */
export interface Places {
  x: (index: number) => number
  y: (value: number) => number
  nearest: (x: number) => number
  base: number
}

export function placesOf(frame: Frame): Places {
  const { count, width, height, left, right, top, bottom, low, high } = frame
  const gap = (width - left - right) / Math.max(1, count - 1)
  const scale = (height - top - bottom) / (high - low || 1)
  const y = (value: number) => height - bottom - (value - low) * scale
  return {
    x: (index) => left + index * gap,
    y,
    nearest: (x) => Math.min(count - 1, Math.max(0, Math.round((x - left) / gap))),
    base: y(Math.max(low, Math.min(0, high))),
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** A line with a gap where there is no value; a value alone becomes a dot. */
export function linePath(values: (number | null)[], places: Places): string {
  const parts: string[] = []
  values.forEach((value, index) => {
    if (value === null) return
    const before = values[index - 1] ?? null
    const after = values[index + 1] ?? null
    parts.push(`${before === null ? 'M' : 'L'}${round(places.x(index))} ${round(places.y(value))}`)
    if (before === null && after === null) parts.push('h0.1')
  })
  return parts.join('')
}

/** Values without a neighbour, which no line would show. */
export function alone(values: (number | null)[]): number[] {
  const at = (index: number) => values[index] ?? null
  return values.map((_, index) => index).filter((index) => at(index) !== null && at(index - 1) === null && at(index + 1) === null)
}

export function areaPath(values: (number | null)[], places: Places): string {
  const parts: string[] = []
  let begin: number | undefined
  values.forEach((value, index) => {
    if (value === null) return
    if (begin === undefined) {
      begin = index
      parts.push(`M${round(places.x(index))} ${round(places.base)}`)
    }
    parts.push(`L${round(places.x(index))} ${round(places.y(value))}`)
    if ((values[index + 1] ?? null) === null) {
      parts.push(`L${round(places.x(index))} ${round(places.base)}Z`)
      begin = undefined
    }
  })
  return parts.join('')
}

/** Which windows get a time below them: evenly, and not at the very edges. */
export function timeMarks(starts: number[], most: number): number[] {
  const every = Math.max(1, Math.ceil(starts.length / most))
  const shift = Math.floor(every / 2)
  return starts.map((_, index) => index).filter((index) => index % every === shift)
}

const SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const MINUTES = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const HOURS = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export function timeText(start: number, step: number): string {
  const format = step < 60 ? SECONDS : step < 3600 ? MINUTES : HOURS
  return format.format(new Date(start * 1000))
}
