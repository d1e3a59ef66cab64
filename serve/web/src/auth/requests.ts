import { NO_ANSWER, readProblem, type Problem } from '../api/problem'
import type { Refreshed, Tokens } from './session'

const HEADERS = { 'content-type': 'application/json', 'x-tidewire': '1' }

async function post(path: string, body: unknown): Promise<Tokens | Problem> {
  try {
    const answer = await fetch(path, { method: 'POST', headers: HEADERS, body: JSON.stringify(body) })
    const read: unknown = await answer.json().catch(() => undefined)
    return answer.ok ? (read as Tokens) : readProblem(answer.status, read)
  } catch {
    return NO_ANSWER
  }
}

/** Changes the refresh cookie into a new access token. */
export async function refreshByCookie(): Promise<Refreshed> {
  const answer = await post('/v1/auth/refresh', {})
  if ('access_token' in answer) return answer
  return answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? 'refused' : 'away'
}

/** Signs in with the one-time ticket of an address like `/#ticket=...`. */
export async function useTicket(ticket: string): Promise<Tokens | Problem> {
  return post('/v1/auth/ticket', { ticket })
}

/** Takes the ticket out of the address, so that it is neither kept in the history nor shared. */
export function takeTicket(location: Location, history: History): string | undefined {
  const found = new URLSearchParams(location.hash.replace(/^#/, '')).get('ticket')
  if (found === null || found === '') return undefined
  history.replaceState(null, '', location.pathname + location.search)
  return found
}
