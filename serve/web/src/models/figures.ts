import { numberText } from '../ui/numbers'

export interface Figure {
  name: string
  value: string
}

/** The figures of a manifest, flat: `late_at_probability_0.5.recall`. They are shown as they were written. */
export function figuresOf(metrics: Record<string, unknown>, before = ''): Figure[] {
  return Object.entries(metrics).flatMap(([name, value]) => {
    const full = before === '' ? name : `${before} · ${name}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return figuresOf(value as Record<string, unknown>, full)
    }
    return [{ name: full.replaceAll('_', ' '), value: typeof value === 'number' ? numberText(value) : textOf(value) }]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
