import { useCallback, useMemo } from 'react'

import { useLocation, useNavigate } from '../router'

type Change = Record<string, string | undefined>

/** The query string as the state of a page: what is set can be shared, and the way back leads to it. */
export function useQueryState(): [URLSearchParams, (change: Change) => void] {
  const { search } = useLocation()
  const go = useNavigate()
  const query = useMemo(() => new URLSearchParams(search), [search])
  const set = useCallback(
    (change: Change) => {
      // What is in the address now, which two changes at once may both have touched.
      const next = new URLSearchParams(window.location.search)
      for (const [name, value] of Object.entries(change)) {
        if (value === undefined || value === '') next.delete(name)
        else next.set(name, value)
      }
      const text = next.toString()
      go(window.location.pathname + (text === '' ? '' : `?${text}`), { replace: true })
    },
    [go],
  )
  return [query, set]
}
