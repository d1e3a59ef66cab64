import { useEffect, useState } from 'react'

import type { Metric } from '../api/generated'
import type { Problem } from '../api/problem'
import { useAppDispatch, useAppSelector } from '../app/store'
import { loadSeries } from './loadSeries'
import { seriesKey, type Windows } from './metricsSlice'
import { spanBefore, spanOf, type Range } from './ranges'

export interface Live {
  windows: Windows | undefined
  /** False until the first answer. */
  loaded: boolean
  problem: Problem | undefined
}

/** The windows of a metric for a range and the time before it; loads them once, then they move by push. */
export function useMetric(metric: Metric | undefined, range: Range): Live {
  const dispatch = useAppDispatch()
  const epoch = useAppSelector((state) => state.metrics.epoch)
  const name = metric?.name
  const dimensions = metric?.dimensions.map((one) => one.name).join(',') ?? ''
  const windows = useAppSelector((state) => (name === undefined ? undefined : state.metrics.series[seriesKey(name, range.step)]))
  const [state, setState] = useState<{ key: string; problem: Problem | undefined }>()
  const key = `${name}|${range.id}`

  useEffect(() => {
    if (name === undefined) return
    let wanted = true
    const span = spanOf(range, Date.now() / 1000)
    const common = { metric: name, step: range.step }
    void (async () => {
      let problem = await dispatch(loadSeries({ ...common, span, by: dimensions ? dimensions.split(',') : [], detailed: true }))
      if (problem?.status === 422) problem = await dispatch(loadSeries({ ...common, span, by: [], detailed: false }))
      await dispatch(loadSeries({ ...common, span: spanBefore(span), by: [], detailed: false }))
      if (wanted) setState({ key, problem })
    })()
    return () => {
      wanted = false
    }
  }, [name, dimensions, range, epoch, key, dispatch])

  const done = state?.key === key
  return { windows, loaded: done, problem: done ? state.problem : undefined }
}
