export type Params = Record<string, string>

/** The parameters of a path like `/runs/:id`, or undefined when it is another path. `*` takes everything. */
export function matchPath(pattern: string, pathname: string): Params | undefined {
  if (pattern === '*') return {}
  const wanted = pattern.split('/')
  const given = pathname.replace(/(.)\/$/, '$1').split('/')
  if (wanted.length !== given.length) return undefined
  const params: Params = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':') && value !== '') params[part.slice(1)] = decode(value)
    else if (part !== value) return undefined
  }
  return params
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
