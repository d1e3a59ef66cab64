import type { RunWhere } from '../api/generated'

const PARTS = ['status', 'namespace', 'name', 'q', 'from', 'to'] as const

/** The part of an address's filter that names runs; undefined when it names all of them, which is never acted on. */
export function whereOf(filter: Record<string, string | undefined>): RunWhere | undefined {
  const given = PARTS.flatMap((part) => (filter[part] ? [[part, filter[part]]] : []))
  return given.length === 0 ? undefined : (Object.fromEntries(given) as RunWhere)
}

/** The filter in words: `faulted runs of ops/late since ...`. */
export function whereText(where: RunWhere, noun = 'runs'): string {
  const { status, namespace, name, q, from, to } = where
  return [
    status, noun, name && `of ${namespace ? `${namespace}/` : ''}${name}`, !name && namespace && `in ${namespace}`, q && `with “${q}”`,
    from && `since ${from}`, to && `before ${to}`,
  ].filter(Boolean).join(' ')
}
