import { useSyncExternalStore } from 'react'

/** Seconds since 1970, the same for everything that is drawn; moves every `step` seconds. */
export function useNow(step = 1): number {
  return useSyncExternalStore(
    (changed) => {
      const timer = setInterval(changed, step * 500)
      return () => clearInterval(timer)
    },
    () => Math.floor(Date.now() / 1000 / step) * step,
  )
}

const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'narrow' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

function ago(at: string, now: number): string {
  const seconds = now - Date.parse(at) / 1000
  if (seconds < 2) return 'just now'
  for (const [unit, length] of SPANS) if (seconds >= length) return AGO.format(-Math.floor(seconds / length), unit)
  return 'just now'
}

export function fullTime(at: string): string {
  return FULL.format(new Date(at))
}

/** How long ago, with the time itself on hover and for machines. */
export function Ago({ at }: { at: string }) {
  const now = useNow(Date.now() - Date.parse(at) > 120_000 ? 15 : 1)
  return (
    <time dateTime={at} title={fullTime(at)}>
      {ago(at, now)}
    </time>
  )
}

/** A length of time in milliseconds, short: 340 ms, 2.1 s, 3 min 5 s. */
export function durationText(ms: number): string {
  if (ms < 1) return '< 1 ms'
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** How long something took, or takes until now. */
export function Lasting({ from, to }: { from: string | null; to: string | null }) {
  return from === null ? <>–</> : to === null ? <Running from={from} /> : <>{durationText(Date.parse(to) - Date.parse(from))}</>
}

function Running({ from }: { from: string }) {
  const now = useNow(1)
  return <>{durationText(Math.max(0, now * 1000 - Date.parse(from)))}</>
}
