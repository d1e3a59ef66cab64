import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect, useState } from 'react'

import { useListEventsQuery, useListWorkflowsQuery, usePostEventsMutation } from '../api/generated'
import { useMay } from '../app/permissions'
import { Link } from '../router'
import { ProblemAlert } from '../ui/ProblemAlert'
import { sampleEvent } from './sampleEvent'

const POLL_MS = 5000

/** Shown to a tenant that has neither workflows nor events: what comes first, and the buttons for it. */
export function FirstSteps() {
  const may = useMay()
  const [waiting, setWaiting] = useState(true)
  const options = { refetchOnMountOrArgChange: true, pollingInterval: waiting ? POLL_MS : 0, skipPollingIfUnfocused: true }
  const { data: workflows } = useListWorkflowsQuery({ limit: 1 }, options)
  const { data: events } = useListEventsQuery({ limit: 1 }, options)
  const [post, { isLoading, data: sent, error }] = usePostEventsMutation()
  const noWorkflow = workflows?.items.length === 0
  const noEvent = events?.items.length === 0
  useEffect(() => setWaiting(noWorkflow || noEvent), [noWorkflow, noEvent])
  if (!noWorkflow && !noEvent) return null
  return (
    <Paper component="section" aria-labelledby="first-steps" variant="outlined" sx={{ gridColumn: '1 / -1', p: 4, borderColor: 'primary.main' }}>
      <Stack sx={{ gap: 3, flexDirection: { xs: 'column', md: 'row' }, alignItems: { md: 'center' } }}>
        <Stack sx={{ flexGrow: 1, gap: 1 }}>
          <Typography id="first-steps" variant="h2">
            {noWorkflow ? 'Make a workflow, then send it an event' : 'Send an event'}
          </Typography>
          <Typography variant="body2" sx={{ color: 'text.secondary', maxWidth: 640 }}>
            Events come in by <code>POST /v1/events</code> or by a webhook. Workflows run on them, and everything here moves as they do.
          </Typography>
        </Stack>
        <Stack direction="row" sx={{ gap: 2, flexWrap: 'wrap' }}>
          {noWorkflow && may('workflow:write') && (
            <Button component={Link} to="/workflows/new" variant="contained">
              New workflow
            </Button>
          )}
          {noEvent && may('event:write') && (
            <Button variant="outlined" loading={isLoading} onClick={() => void post({ cloudEvent: sampleEvent(new Date()) })}>
              {sent === undefined ? 'Send a sample event' : 'Sent'}
            </Button>
          )}
        </Stack>
      </Stack>
      <ProblemAlert error={error} what="The event was not sent" />
    </Paper>
  )
}
