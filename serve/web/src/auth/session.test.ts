import { describe, expect, it, vi } from 'vitest'

import { createSession, type Refreshed } from './session'

const tokens = (access_token: string) => ({ access_token, expires_in: 900 })

/** A refresh that answers when told to. */
function stub() {
  const waiting: ((answer: Refreshed) => void)[] = []
  const refresh = vi.fn(() => new Promise<Refreshed>((resolve) => waiting.push(resolve)))
  return { refresh, answer: (answer: Refreshed) => waiting.shift()?.(answer) }
}

describe('session', () => {
  it('refreshes once for all who ask at the same time', async () => {
    const { refresh, answer } = stub()
    const session = createSession(refresh, vi.fn())
    const asked = [session.token(), session.token(), session.renew(undefined)]
    answer(tokens('a'))
    expect(await Promise.all(asked)).toEqual(['a', 'a', 'a'])
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('renews a refused token once, and gives late askers what is already new', async () => {
    const { refresh, answer } = stub()
    const session = createSession(refresh, vi.fn())
    session.adopt(tokens('old'))
    const asked = [session.renew('old'), session.renew('old')]
    answer(tokens('new'))
    expect(await Promise.all(asked)).toEqual(['new', 'new'])
    expect(await session.renew('old')).toBe('new')
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('refreshes before a token runs out', async () => {
    let now = 0
    const { refresh, answer } = stub()
    const session = createSession(refresh, vi.fn(), () => now)
    session.adopt(tokens('a'))
    expect(await session.token()).toBe('a')
    now = 890_000
    const asked = session.token()
    answer(tokens('b'))
    expect(await asked).toBe('b')
  })

  it('tells once that the session has ended when it is refused', async () => {
    const { refresh, answer } = stub()
    const refused = vi.fn()
    const session = createSession(refresh, refused)
    const asked = [session.token(), session.token()]
    answer('refused')
    expect(await Promise.all(asked)).toEqual([undefined, undefined])
    expect(refused).toHaveBeenCalledTimes(1)
  })

  it('keeps the session when there is no useful answer, and tries again later', async () => {
    const { refresh, answer } = stub()
    const refused = vi.fn()
    const session = createSession(refresh, refused)
    const first = session.token()
    answer('away')
    expect(await first).toBeUndefined()
    expect(refused).not.toHaveBeenCalled()
    const second = session.token()
    answer(tokens('a'))
    expect(await second).toBe('a')
  })

  it('does not bring back a session that was left while a refresh was under way', async () => {
    const { refresh, answer } = stub()
    const session = createSession(refresh, vi.fn())
    const asked = session.token()
    session.forget()
    answer(tokens('old person'))
    expect(await asked).toBeUndefined()
    expect(session.current()).toBeUndefined()
  })

  it('does not let a late refusal end a session that has just begun', async () => {
    const { refresh, answer } = stub()
    const refused = vi.fn()
    const session = createSession(refresh, refused)
    const asked = session.token()
    session.adopt(tokens('signed in'))
    answer('refused')
    expect(await asked).toBe('signed in')
    expect(refused).not.toHaveBeenCalled()
  })
})
