export interface Batched<T> {
  add: (...items: T[]) => void
}

/** Hands items on together, at most once in `ms`: a busy tenant must not make the page draw for every message. */
export function batched<T>(ms: number, flush: (items: T[]) => void, later = setTimeout): Batched<T> {
  let waiting: T[] = []
  return {
    add(...items) {
      if (items.length === 0) return
      if (waiting.length === 0) {
        later(() => {
          const ready = waiting
          waiting = []
          flush(ready)
        }, ms)
      }
      waiting.push(...items)
    },
  }
}
