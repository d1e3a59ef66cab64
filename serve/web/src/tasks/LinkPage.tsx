import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useEffect } from 'react'

import { useAnswerTaskByLinkMutation, useGetTaskOfLinkQuery, type AskedByLink } from '../api/generated'
import { problemOf } from '../api/problem'
import { useParams } from '../router'
import { Empty } from '../ui/Empty'
import { Logo } from '../ui/Logo'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { fullTime } from '../ui/Time'
import { AnswerForm } from './AnswerForm'

/** What somebody without an account sees who got a link to a task. */
export function LinkPage() {
  const { token = '' } = useParams()
  const { data, error, refetch } = useGetTaskOfLinkQuery({ token }, { refetchOnMountOrArgChange: true })
  const problem = problemOf(error)
  useEffect(() => {
    document.title = `${data?.title ?? 'A question for you'} · Tidewire`
  }, [data])
  return (
    <Box component="main" sx={{ minHeight: '100dvh', display: 'grid', placeItems: 'center', p: 4 }}>
      <Stack sx={{ width: '100%', maxWidth: 560, gap: 5 }}>
        <Stack direction="row" sx={{ alignItems: 'center', gap: 2, justifyContent: 'center' }}>
          <Logo size={32} />
          <Typography sx={{ fontSize: '1.25rem', fontWeight: 700, letterSpacing: '-0.02em' }}>{data?.tenant ?? 'Tidewire'}</Typography>
        </Stack>
        <Paper variant="outlined" sx={{ p: { xs: 4, sm: 6 } }}>
          {data !== undefined ? (
            <Asked asked={data} token={token} />
          ) : problem === undefined ? (
            <Skeletons lines={5} />
          ) : problem.status === 401 || problem.status === 404 || problem.status === 422 ? (
            <>
              <Typography variant="h1" sx={{ textAlign: 'center' }}>This link is not valid</Typography>
              <Empty icon="alert" title="It has expired, or it was not copied whole">
                Ask whoever sent it for a new one.
              </Empty>
            </>
          ) : (
            <ProblemAlert error={error} what="The question could not be loaded" onRetry={() => void refetch()} />
          )}
        </Paper>
      </Stack>
    </Box>
  )
}

function Asked({ asked, token }: { asked: AskedByLink; token: string }) {
  const [answer, { data, error, isLoading }] = useAnswerTaskByLinkMutation()
  return (
    <Stack sx={{ gap: 3 }}>
      <Typography variant="h1">{asked.title}</Typography>
      {asked.body !== '' && (
        <Typography variant="body1" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {asked.body}
        </Typography>
      )}
      {data !== undefined ? (
        <Alert severity="success" variant="outlined" data-testid="answered">
          Thank you. Your answer is <strong>{data.answer.decision}</strong>. You can close this page.
        </Alert>
      ) : asked.status !== 'open' ? (
        <Alert severity="info" variant="outlined">
          {asked.status === 'answered' ? 'This has been answered already.' : 'This is not asked any more.'} There is nothing left to do.
        </Alert>
      ) : (
        <>
          <Typography variant="caption" sx={{ color: 'text.secondary' }}>
            You answer as {asked.name}, until {fullTime(asked.expires_at)}.
          </Typography>
          <AnswerForm decisions={asked.decisions} form={asked.form} busy={isLoading} error={error} onAnswer={(answerRequest) => void answer({ token, answerRequest })} />
        </>
      )}
    </Stack>
  )
}
