import { describe, expect, it, vi } from 'vitest'

import { backTo } from '../auth/backTo'
import { createHistory } from './history'
import { matchPath } from './match'

/** As much of a window as a history needs; going back and forth tells by popstate, as browsers do. */
function fakeWindow(start: string) {
  const entries: { url: string; state: unknown }[] = [{ url: start, state: null }]
  let at = 0
  let pop = () => {}
  const show = () => Object.assign(location, { ...pick(new URL(entries[at]?.url ?? start, 'http://t.example')) })
  const pick = (url: URL) => ({ pathname: url.pathname, search: url.search, href: url.href })
  const location = pick(new URL(start, 'http://t.example'))
  const history = {
    get state() {
      return entries[at]?.state
    },
    pushState(state: unknown, _: string, url: string) {
      entries.splice(at + 1, Infinity, { url, state })
      at += 1
      show()
    },
    replaceState(state: unknown, _: string, url: string) {
      entries[at] = { url, state }
      show()
    },
    go(steps: number) {
      at += steps
      show()
      pop()
    },
  }
  const addEventListener = (_: string, listener: () => void) => {
    pop = listener
  }
  return { location, history, addEventListener } as unknown as Window
}

describe('paths', () => {
  it('give their parameters', () => {
    expect(matchPath('/runs/:id', '/runs/7')).toEqual({ id: '7' })
    expect(matchPath('/workflows/:namespace/:name', '/workflows/a%2Fb/c')).toEqual({ namespace: 'a/b', name: 'c' })
    expect(matchPath('/runs', '/runs/')).toEqual({})
    expect(matchPath('/', '/')).toEqual({})
    expect(matchPath('*', '/anything/else')).toEqual({})
  })
  it('do not fit others', () => {
    expect(matchPath('/runs/:id', '/runs')).toBeUndefined()
    expect(matchPath('/runs/:id', '/runs/7/8')).toBeUndefined()
    expect(matchPath('/runs/:id', '/runs/%zz')).toEqual({ id: '%zz' })
  })
})

describe('history', () => {
  it('goes, replaces and goes back', () => {
    const win = fakeWindow('/')
    const history = createHistory(win)
    const heard: string[] = []
    history.listen((place, how) => heard.push(`${how} ${place.pathname}${place.search}`))
    history.go('/runs')
    history.go('/runs?q=x', { replace: true })
    win.history.go(-1)
    expect(heard).toEqual(['go /runs', 'replace /runs?q=x', 'pop /'])
  })

  it('asks a blocker, and goes on when that says so', () => {
    const win = fakeWindow('/edit')
    const history = createHistory(win)
    let goOn = () => {}
    history.block((attempt) => {
      goOn = attempt.goOn
      return true
    })
    history.go('/runs')
    expect(history.current().pathname).toBe('/edit')
    goOn()
    expect(history.current().pathname).toBe('/runs')
  })

  it('stays when the way back is blocked, and can still go it', () => {
    const win = fakeWindow('/')
    const history = createHistory(win)
    history.go('/edit')
    const listener = vi.fn()
    history.listen(listener)
    let goOn = () => {}
    history.block((attempt) => {
      goOn = attempt.goOn
      return true
    })
    win.history.go(-1)
    expect(history.current().pathname).toBe('/edit')
    expect(listener).not.toHaveBeenCalled()
    goOn()
    expect(history.current().pathname).toBe('/')
    expect(listener).toHaveBeenCalledTimes(1)
  })
})

describe('the address to go to after signing in', () => {
  it('is one of this app', () => {
    const to = (value: string) => backTo(new URLSearchParams({ to: value }))
    expect(to('/runs?q=x')).toBe('/runs?q=x')
    for (const other of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)']) expect(to(other)).toBe('/')
  })
})
