import { areaPath, linePath, placesOf } from './chartShapes'

/** The shape of the last values; the numbers beside it say the same. */
export function Sparkline({ values, color = 'var(--mui-palette-primary-main)' }: { values: (number | null)[]; color?: string }) {
  const width = 96
  const height = 28
  const high = Math.max(1, ...values.map((value) => value ?? 0))
  const places = placesOf({ count: values.length, width, height, left: 1, right: 1, top: 2, bottom: 1, low: 0, high })
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" color={color} style={{ flexShrink: 0, maxWidth: '40%' }}>
      <path d={areaPath(values, places)} fill="currentColor" opacity={0.12} />
      <path d={linePath(values, places)} fill="none" stroke="currentColor" strokeWidth={1.5} strokeLinejoin="round" />
    </svg>
  )
}
