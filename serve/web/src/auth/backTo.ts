/** Where to go after signing in; only addresses of this app. */
export function backTo(query: URLSearchParams): string {
  const to = query.get('to') ?? '/'
  return /^\/(?![/\\])/.test(to) ? to : '/'
}
