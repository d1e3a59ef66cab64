import { useEffect, useRef, useState } from 'react'

import { api } from '../api'
import type { Point } from '../api/generated'
import { useAppDispatch } from '../app/store'
import type { Windows } from './metricsSlice'
import { spanOf, type Range } from './ranges'
import type { Line } from './series'

/** Statistics that cannot be put together from those of the cells: the server merges their sketches. */
export const MERGED = ['p50', 'p90', 'p99', 'uniques'] as const
export type Merged = (typeof MERGED)[number]

const PAUSE_MS = 2000

export interface Asked {
  metric: string
  statistic: Merged
  by: string | undefined
  most: number
}

/** A series of the server, from the start of its windows in seconds. */
interface Answer {
  key: string
  series: { label: string; values: Map<number, number | null>; count: number }[]
}

function valuesOf(points: Point[], statistic: Merged): Map<number, number | null> {
  return new Map(points.map((point) => [Math.round(Date.parse(point.start) / 1000), point[statistic]]))
}

/** Lines that are asked for again, at most every two seconds, whenever pushed points say that something changed. */
export function useServerLines(asked: Asked | undefined, range: Range, windows: Windows | undefined, starts: number[]): Line[] {
  const dispatch = useAppDispatch()
  const [answer, setAnswer] = useState<Answer>()
  const [turn, setTurn] = useState(0)
  const key = JSON.stringify([asked, range.id])
  const active = asked !== undefined

  const drawn = useRef(windows)

  // Points come all the time: waiting for a pause would wait for ever.
  useEffect(() => {
    drawn.current = windows
  }, [windows])
  useEffect(() => {
    if (!active) return
    let last = drawn.current
    const timer = setInterval(() => {
      if (drawn.current !== last) setTurn((before) => before + 1)
      last = drawn.current
    }, PAUSE_MS)
    return () => clearInterval(timer)
  }, [active, key])

  useEffect(() => {
    if (asked === undefined) return
    let wanted = true
    const span = spanOf(range, Date.now() / 1000)
    const { metric, statistic, by, most } = asked
    void dispatch(
      api.endpoints.getMetricSeries.initiate(
        {
          name: metric, step: `${range.step}`, from: new Date(span.from * 1000).toISOString(), to: new Date(span.to * 1000).toISOString(),
          ...(by === undefined ? {} : { by: [by] }),
        },
        { subscribe: false, forceRefetch: true },
      ),
    ).then(({ data }) => {
      if (!wanted || data === undefined) return
      const series = data.series
        .map((one) => ({
          label: by === undefined ? metric : one.dimensions[by] || '(empty)',
          values: valuesOf(one.points, statistic),
          count: one.points.reduce((sum, point) => sum + point.count, 0),
        }))
        .sort((one, other) => other.count - one.count)
      setAnswer({ key, series: series.slice(0, most) })
    })
    return () => {
      wanted = false
    }
    // `key` stands for all that is asked for.
  }, [key, turn, dispatch])

  if (!active || answer?.key !== key) return []
  return answer.series.map(({ label, values }) => ({ label, values: starts.map((start) => values.get(start) ?? null) }))
}
