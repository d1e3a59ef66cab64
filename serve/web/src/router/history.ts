/** Where the page is. */
export interface Place {
  pathname: string
  search: string
}

/** What a blocker is told: go on leads to where the reader wanted to go. */
export interface Attempt {
  to: Place
  goOn: () => void
}

export interface AppHistory {
  current: () => Place
  go: (to: string, options?: { replace?: boolean }) => void
  /** Calls back after each change; the result ends it. */
  listen: (listener: (place: Place, how: 'go' | 'replace' | 'pop') => void) => () => void
  /** While there is a blocker, it is asked instead of going; the result ends it. */
  block: (blocker: (attempt: Attempt) => boolean) => () => void
}

type Win = Pick<Window, 'addEventListener' | 'location' | 'history'>
type Listener = Parameters<AppHistory['listen']>[0]
type Blocker = Parameters<AppHistory['block']>[0]

function indexOf(state: unknown): number {
  return typeof state === 'object' && state !== null && 'index' in state ? Number(state.index) : 0
}

/** The history of the browser, as addresses of this app. */
export function createHistory(win: Win): AppHistory {
  const listeners = new Set<Listener>()
  let blocker: Blocker | undefined
  let index = indexOf(win.history.state)
  let undoing = false

  function current(): Place {
    return { pathname: win.location.pathname, search: win.location.search }
  }

  function tell(how: Parameters<Listener>[1]) {
    for (const listener of listeners) listener(current(), how)
  }

  function move(to: string, replace: boolean) {
    if (replace) win.history.replaceState({ index }, '', to)
    else win.history.pushState({ index: (index += 1) }, '', to)
    tell(replace ? 'replace' : 'go')
  }

  function stopped(to: Place, goOn: () => void): boolean {
    const asked = blocker
    const free = () => {
      if (blocker === asked) blocker = undefined
      goOn()
    }
    return asked?.({ to, goOn: free }) === true
  }

  win.addEventListener('popstate', () => {
    if (undoing) {
      undoing = false
      return
    }
    const steps = indexOf(win.history.state) - index
    if (steps !== 0 && stopped(current(), () => win.history.go(steps))) {
      // The address has changed already: it goes back to where the page still is.
      undoing = true
      win.history.go(-steps)
      return
    }
    index += steps
    tell('pop')
  })

  return {
    current,
    go(to, { replace = false } = {}) {
      const { pathname, search } = new URL(to, win.location.href)
      if (!stopped({ pathname, search }, () => move(to, replace))) move(to, replace)
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    block(next) {
      blocker = next
      return () => {
        if (blocker === next) blocker = undefined
      }
    },
  }
}
