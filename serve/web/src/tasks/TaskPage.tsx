import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useAnswerTaskMutation, useGetTaskQuery, type Task, type TaskAnswer } from '../api/generated'
import { problemOf } from '../api/problem'
import { useMay } from '../app/permissions'
import { Link as RouterLink, useParams } from '../router'
import { BackLink } from '../ui/BackLink'
import { Empty } from '../ui/Empty'
import { Fact, Facts } from '../ui/Facts'
import { JsonView } from '../ui/JsonView'
import { PageHeader } from '../ui/PageHeader'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { fullTime } from '../ui/Time'
import { AnswerForm } from './AnswerForm'
import { AssignDialog } from './AssignDialog'
import { Due } from './Due'
import { LinkDialog } from './LinkDialog'
import { answererText, assigneeText } from './people'
import { TaskStatusChip } from './TaskStatusChip'

export function TaskPage() {
  const { id = '' } = useParams()
  const { data: task, error, refetch } = useGetTaskQuery({ taskId: id }, { refetchOnMountOrArgChange: true })
  if (task === undefined) {
    if (error === undefined) return <Skeletons lines={8} />
    return problemOf(error)?.status === 404 || problemOf(error)?.status === 422 ? (
      <Empty icon="search" title="There is no such task" action={<Button component={RouterLink} to="/tasks" variant="contained">All tasks</Button>} />
    ) : (
      <ProblemAlert error={error} what="The task could not be loaded" onRetry={() => void refetch()} />
    )
  }
  return <OneTask key={task.id} task={task} />
}

function OneTask({ task }: { task: Task }) {
  return (
    <Box sx={{ maxWidth: 800 }}>
      <PageHeader title={task.title} badge={<TaskStatusChip status={task.status} />} above={<BackLink to="/tasks">Tasks</BackLink>}>
        <Actions task={task} />
      </PageHeader>
      <Facts>
        <Fact name="With">{assigneeText(task.assignee)}</Fact>
        <Fact name={task.status === 'open' ? 'Due' : 'Closed'}>
          <Due task={task} />
        </Fact>
        <Fact name="Asked by">
          <Link component={RouterLink} to={`/runs/${task.run_id}`}>
            {task.workflow.name} {task.workflow.version}
          </Link>
        </Fact>
        <Fact name="Asked at">{fullTime(task.created_at)}</Fact>
      </Facts>
      <Stack sx={{ gap: 4 }}>
        {task.body !== '' && (
          <Panel title="What is asked">
            <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {task.body}
            </Typography>
          </Panel>
        )}
        {task.answer !== null ? <Answered answer={task.answer} /> : <ToAnswer task={task} />}
        <History task={task} />
      </Stack>
    </Box>
  )
}

function Actions({ task }: { task: Task }) {
  const may = useMay()
  const [open, setOpen] = useState<'assign' | 'link'>()
  if (task.status !== 'open' || !may('task:assign')) return null
  return (
    <>
      <Button variant="outlined" onClick={() => setOpen('assign')}>
        Give to somebody else
      </Button>
      <Button variant="outlined" onClick={() => setOpen('link')}>
        Make a link
      </Button>
      {open === 'assign' && <AssignDialog task={task} onClose={() => setOpen(undefined)} />}
      {open === 'link' && <LinkDialog task={task} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function ToAnswer({ task }: { task: Task }) {
  const [answer, { isLoading, error }] = useAnswerTaskMutation()
  if (task.status !== 'open') {
    return (
      <Empty icon={task.status === 'expired' ? 'clock' : 'stop'} title={task.status === 'expired' ? 'Nobody answered in time' : 'It is not asked any more'}>
        {task.status === 'expired' ? 'The run went on as its definition says for this case.' : 'The run ended or went another way.'}
      </Empty>
    )
  }
  if (!task.may_answer) {
    return (
      <Empty icon="inbox" title={`It is with ${assigneeText(task.assignee)}`}>
        Only they may answer. Whoever may assign tasks can give it to somebody else.
      </Empty>
    )
  }
  return (
    <Panel title="Your answer">
      <AnswerForm decisions={task.decisions} form={task.form} busy={isLoading} error={error} onAnswer={(answerRequest) => void answer({ taskId: task.id, answerRequest })} />
    </Panel>
  )
}

export function Answered({ answer }: { answer: TaskAnswer }) {
  const hasData = answer.data !== null && answer.data !== undefined
  return (
    <Panel title="The answer" testId="task-answer">
      <Stack sx={{ gap: 3 }}>
        <Typography variant="body2">
          <strong>{answer.decision}</strong>, by {answererText(answer.by)}, {fullTime(answer.at)}
        </Typography>
        {answer.comment !== '' && (
          <Typography variant="body2" sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {answer.comment}
          </Typography>
        )}
        {hasData && <JsonView value={answer.data} label="Data of the answer" />}
      </Stack>
    </Panel>
  )
}

/** With whom it was, and with whom it will be if nobody answers. */
function History({ task }: { task: Task }) {
  if (task.escalations.length === 0 && task.next_escalation === null) return null
  return (
    <Panel title="With whom it was">
      <Box component="ol" sx={{ m: 0, pl: 5, fontSize: '0.8125rem' }}>
        {task.escalations.map((one) => (
          <li key={one.at}>
            {fullTime(one.at)}: from {assigneeText(one.from)} to {assigneeText(one.to)}
            {one.by === null ? ', because nobody answered' : `, by ${answererText(one.by)}`}
          </li>
        ))}
        {task.status === 'open' && task.next_escalation !== null && (
          <li>
            {fullTime(task.next_escalation.at)}: goes to {assigneeText(task.next_escalation.to)} if nobody answers
          </li>
        )}
      </Box>
    </Panel>
  )
}
