import { afterEach, describe, expect, it, vi } from 'vitest'

import { createSession } from '../auth/session'
import { createStore } from '../app/store'
import { api } from '.'
import { isProblem } from './problem'

const ME = { user: { id: 'u', email: 'e' }, tenant: { id: 't', name: 'n', display_name: 'N' }, role: 'owner', permissions: [] }

function answer(status: number, body: unknown) {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}

/** The web as the page sees it: takes only the token `good`. */
function serve(good: () => string) {
  const sent: string[] = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const token = request.headers.get('authorization') ?? ''
    sent.push(token)
    return token === `Bearer ${good()}`
      ? answer(200, ME)
      : answer(401, { type: 't', title: 'Not signed in', status: 401, detail: 'd', instance: '/v1/me' })
  })
  // Outside of a browser there is no page that addresses could be relative to.
  const Plain = Request
  vi.stubGlobal('Request', class extends Plain {
    constructor(input: string, init?: RequestInit) {
      super(new URL(input, 'http://tidewire.example/'), init)
    }
  })
  return sent
}

afterEach(() => vi.unstubAllGlobals())

describe('requests', () => {
  it('renews a refused token and tries again, with one refresh for several requests', async () => {
    const sent = serve(() => 'new')
    const refresh = vi.fn(async () => ({ access_token: 'new', expires_in: 900 }))
    const session = createSession(refresh, vi.fn())
    session.adopt({ access_token: 'old', expires_in: 900 })
    const store = createStore(session)
    const [me, tenants] = await Promise.all([
      store.dispatch(api.endpoints.getMe.initiate()),
      store.dispatch(api.endpoints.listMyTenants.initiate()),
    ])
    expect(me.data).toEqual(ME)
    expect(tenants.data).toEqual(ME)
    expect(refresh).toHaveBeenCalledTimes(1)
    expect(sent.sort()).toEqual(['Bearer new', 'Bearer new', 'Bearer old', 'Bearer old'])
  })

  it('tells a second refusal as a problem, and does not go round', async () => {
    const sent = serve(() => 'never')
    const session = createSession(async () => ({ access_token: 'new', expires_in: 900 }), vi.fn())
    session.adopt({ access_token: 'old', expires_in: 900 })
    const { error } = await createStore(session).dispatch(api.endpoints.getMe.initiate())
    expect(isProblem(error) && error.status).toBe(401)
    expect(sent).toHaveLength(2)
  })

  it('sends nothing when there is no token to send', async () => {
    const sent = serve(() => 'good')
    const session = createSession(async () => 'away', vi.fn())
    const { error } = await createStore(session).dispatch(api.endpoints.getMe.initiate())
    expect(isProblem(error) && error.status).toBe(0)
    expect(sent).toEqual([])
  })
})
