import { useCallback, useRef } from 'react'

import { randomKey } from './randomKey'

/** A key for what is sent: the same while the same is sent again, so that it happens once. */
export function useIdempotencyKey(): (body: unknown) => string {
  const last = useRef<{ text: string; key: string }>(undefined)
  return useCallback((body: unknown) => {
    const text = JSON.stringify(body)
    if (last.current?.text !== text) last.current = { text, key: randomKey() }
    return last.current.key
  }, [])
}
