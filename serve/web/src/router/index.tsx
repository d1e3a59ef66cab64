import {
  createContext, useContext, useEffect, useLayoutEffect, useMemo, useState, useTransition, type AnchorHTMLAttributes,
  type ComponentType, type MouseEvent, type ReactNode, type Ref,
} from 'react'

import type { AppHistory, Attempt, Place } from './history'
import { matchPath, type Params } from './match'

interface Routing {
  history: AppHistory
  place: Place
  /** The next page is on its way. */
  pending: boolean
}

const RoutingContext = createContext<Routing | undefined>(undefined)
const ParamsContext = createContext<Params>({})

function useRouting(): Routing {
  const found = useContext(RoutingContext)
  if (found === undefined) throw new Error('outside of a Router')
  return found
}

/** Draws by address. The page stays until the code of the next one is there. */
export function Router({ history, children }: { history: AppHistory; children: ReactNode }) {
  const [place, setPlace] = useState(history.current)
  const [pending, startTransition] = useTransition()

  useEffect(() => {
    let { pathname } = history.current()
    return history.listen((next, how) => {
      const other = next.pathname !== pathname
      pathname = next.pathname
      if (!other) setPlace(next)
      else startTransition(() => setPlace(next))
      if (other && how === 'go') window.scrollTo(0, 0)
    })
  }, [history])

  const routing = useMemo(() => ({ history, place, pending }), [history, place, pending])
  return <RoutingContext value={routing}>{children}</RoutingContext>
}

export interface Route {
  path: string
  Page: ComponentType
}

/** The page of the first route that fits. */
export function Routes({ routes }: { routes: readonly Route[] }) {
  const { pathname } = useRouting().place
  for (const { path, Page } of routes) {
    const params = matchPath(path, pathname)
    if (params !== undefined) {
      return (
        <ParamsContext value={params}>
          <Page />
        </ParamsContext>
      )
    }
  }
  return null
}

export function useLocation(): Place {
  return useRouting().place
}

export function usePending(): boolean {
  return useRouting().pending
}

export function useNavigate(): AppHistory['go'] {
  return useRouting().history.go
}

export function useParams(): Params {
  return useContext(ParamsContext)
}

/** Goes elsewhere as soon as it is drawn. */
export function Navigate({ to }: { to: string }) {
  const { history } = useRouting()
  useLayoutEffect(() => history.go(to, { replace: true }), [history, to])
  return null
}

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  to: string
  ref?: Ref<HTMLAnchorElement>
}

/** A link within the app; with other keys or buttons it does what any link does. */
export function Link({ to, onClick, ...props }: LinkProps) {
  const { history } = useRouting()

  function click(event: MouseEvent<HTMLAnchorElement>) {
    onClick?.(event)
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (event.defaultPrevented || !plain || (props.target ?? '_self') !== '_self') return
    event.preventDefault()
    history.go(to)
  }

  return <a {...props} href={to} onClick={click} />
}

/** While `when`, leaving the page has to be confirmed: by `attempt.goOn()`, or not by `dismiss()`. */
export function useBlocker(when: boolean): { attempt: Attempt | undefined; dismiss: () => void } {
  const { history } = useRouting()
  const [attempt, setAttempt] = useState<Attempt>()

  useEffect(() => {
    if (!when) return
    const { pathname } = history.current()
    return history.block((next) => {
      if (next.to.pathname === pathname) return false
      setAttempt(next)
      return true
    })
  }, [history, when])

  useEffect(() => {
    if (!when) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [when])

  return { attempt, dismiss: () => setAttempt(undefined) }
}
