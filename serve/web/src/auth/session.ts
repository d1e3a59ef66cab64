/** What the sign-in routes answer, as far as the page keeps it. The refresh token stays in its HttpOnly cookie. */
export interface Tokens {
  access_token: string
  expires_in: number
}

/** An answer of the refresh route: new tokens, a refusal (sign in again), or no useful answer (try later). */
export type Refreshed = Tokens | 'refused' | 'away'

/** Holds the access token in memory, and gets a new one when it is needed: one refresh at a time. */
export interface Session {
  /** The token, or undefined when nobody is signed in or it has run out. */
  current(): string | undefined
  /** A token that is still good for a while; refreshes when there is none. */
  token(): Promise<string | undefined>
  /** A token other than `stale`, which was refused. */
  renew(stale: string | undefined): Promise<string | undefined>
  adopt(tokens: Tokens): void
  forget(): void
}

const MARGIN_MS = 15_000

export function createSession(refresh: () => Promise<Refreshed>, onRefused: () => void, now = Date.now): Session {
  let held: { token: string; until: number } | undefined
  let running: Promise<string | undefined> | undefined
  // A refresh that was under way when somebody signed out or in must not bring the old session back.
  let generation = 0

  function adopt(tokens: Tokens) {
    generation += 1
    held = { token: tokens.access_token, until: now() + tokens.expires_in * 1000 - MARGIN_MS }
  }

  function forget() {
    generation += 1
    held = undefined
  }

  function current() {
    return held !== undefined && now() < held.until ? held.token : undefined
  }

  async function run(started: number): Promise<string | undefined> {
    const answer = await refresh()
    if (started !== generation) return current()
    if (answer === 'refused') {
      forget()
      onRefused()
    } else if (answer !== 'away') {
      adopt(answer)
    }
    return current()
  }

  function once(): Promise<string | undefined> {
    running ??= run(generation).finally(() => {
      running = undefined
    })
    return running
  }

  return {
    current,
    adopt,
    forget,
    token: async () => current() ?? once(),
    renew: async (stale) => {
      const other = current()
      return other !== undefined && other !== stale ? other : once()
    },
  }
}
