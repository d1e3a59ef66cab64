import type { ThunkAction, UnknownAction } from '@reduxjs/toolkit'

import type { Extra } from '../api/baseQuery'
import type { AppState } from '../app/store'

/** A short-lived token that opens the push gateway; rejects when there is none at the moment. */
export function pushToken(): ThunkAction<Promise<string>, AppState, Extra, UnknownAction> {
  return async (_, __, { session }) => {
    const first = await session.token()
    const answer = await ask(first)
    const again = answer.status === 401 ? await ask(await session.renew(first)) : answer
    if (!again.ok) throw new Error(`no push token: ${again.status}`)
    const { token } = (await again.json()) as { token: string }
    return token
  }
}

function ask(token: string | undefined): Promise<Response> {
  return fetch('/v1/push/token', { method: 'POST', headers: { authorization: `Bearer ${token ?? ''}`, 'x-tidewire': '1' } })
}
