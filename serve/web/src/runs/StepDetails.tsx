import Box from '@mui/material/Box'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import { ErrorView } from './ErrorView'
import { fullTime } from '../ui/Time'
import { JsonView } from '../ui/JsonView'
import type { Step } from './timeline'

const POLICIES: Record<string, string> = {
  retry: 'it was done again with the same key', verify: 'it was checked', person: 'a person has to tell', stop: 'it was given up',
}

/** What went into a step, what came out, and what went wrong. */
export function StepDetails({ step }: { step: Step }) {
  const details = Object.keys(step.details).length > 0
  return (
    <Stack sx={{ gap: 3 }}>
      {step.error !== undefined && <ErrorView error={step.error} />}
      {step.unknown.length > 0 && (
        <Part title="Not known whether it happened">
          <Box component="ul" sx={{ m: 0, pl: 5, fontSize: '0.8125rem' }}>
            {step.unknown.map((one) => (
              <li key={one.at}>
                {fullTime(one.at)}: {POLICIES[one.policy] ?? one.policy}
              </li>
            ))}
          </Box>
        </Part>
      )}
      {step.retries.length > 0 && (
        <Part title="Retries">
          <Box component="ol" sx={{ m: 0, pl: 5, fontSize: '0.8125rem' }}>
            {step.retries.map((retry) => (
              <li key={retry.at}>
                {fullTime(retry.at)}: attempt {retry.attempt}
                {retry.next !== null && ` at ${fullTime(retry.next)}`}
                {retry.error !== undefined && `, after ${titleOf(retry.error)}`}
              </li>
            ))}
          </Box>
        </Part>
      )}
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'repeat(2, minmax(0, 1fr))' } }}>
        {step.input !== undefined && (
          <Part title="Input">
            <JsonView value={step.input} label={`Input of ${step.name}`} />
          </Part>
        )}
        {step.output !== undefined && (
          <Part title="Output">
            <JsonView value={step.output} label={`Output of ${step.name}`} />
          </Part>
        )}
        {details && (
          <Part title="What was asked for">
            <JsonView value={step.details} label={`Details of ${step.name}`} />
          </Part>
        )}
      </Box>
      <Typography variant="caption" sx={{ color: 'text.secondary', overflowWrap: 'anywhere' }}>
        <code>{step.task}</code> · started {fullTime(step.startedAt)} · journal {step.entries.map((entry) => `#${entry.seq} ${entry.type}`).join(', ')}
      </Typography>
    </Stack>
  )
}

function titleOf(error: unknown): string {
  const { title, detail } = error as { title?: string; detail?: string }
  return [title, detail].filter(Boolean).join(': ')
}

export function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Box sx={{ minWidth: 0 }}>
      <Typography variant="caption" component="h3" sx={{ color: 'text.secondary', fontWeight: 600, mb: 1 }}>
        {title}
      </Typography>
      {children}
    </Box>
  )
}
