import Link from '@mui/material/Link'

import type { RunCause } from '../api/generated'
import { Link as RouterLink } from '../router'

const WORDS: Record<string, string> = { api: 'Started by a call', event: 'Event', schedule: 'Schedule', webhook: 'Webhook' }

/** What started a run, with a way to it where there is one. */
export function Cause({ cause }: { cause: RunCause | null }) {
  if (cause?.kind === undefined || cause.kind === null) return <>unknown</>
  const facts = cause as Record<string, unknown>
  const word = WORDS[cause.kind] ?? cause.kind
  if (typeof facts.run_id === 'string') {
    return (
      <>
        {word} of <Link component={RouterLink} to={`/runs/${facts.run_id}`}>another run</Link>
      </>
    )
  }
  if (typeof facts.type === 'string') {
    return (
      <>
        {word}{' '}
        <Link component={RouterLink} to={`/runs?q=${encodeURIComponent(String(facts.id ?? facts.type))}`} title={`Runs with event ${String(facts.id)}`}>
          {facts.type}
        </Link>{' '}
        from {String(facts.source)}
      </>
    )
  }
  return <>{word}</>
}
