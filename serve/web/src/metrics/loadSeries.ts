import type { ThunkAction, UnknownAction } from '@reduxjs/toolkit'

import { api } from '../api'
import { problemOf, type Problem } from '../api/problem'
import type { AppState } from '../app/store'
import { seriesLoaded } from './metricsSlice'
import type { Span } from './ranges'

export interface Wanted {
  metric: string
  step: 10 | 60 | 3600
  span: Span
  /** The dimensions to keep apart; all of them, or none. */
  by: string[]
  detailed: boolean
}

/** Loads a span into the store; the problem when that failed. */
export function loadSeries(wanted: Wanted): ThunkAction<Promise<Problem | undefined>, AppState, unknown, UnknownAction> {
  return async (dispatch) => {
    const { metric, step, span, by, detailed } = wanted
    const answer = await dispatch(
      api.endpoints.getMetricSeries.initiate(
        {
          name: metric,
          from: new Date(span.from * 1000).toISOString(),
          to: new Date(span.to * 1000).toISOString(),
          step: `${step}`,
          ...(by.length > 0 ? { by } : {}),
        },
        { subscribe: false, forceRefetch: true },
      ),
    )
    if (answer.data === undefined) return problemOf(answer.error)
    dispatch(seriesLoaded({ metric, step, span, detailed, series: answer.data.series }))
    return undefined
  }
}
