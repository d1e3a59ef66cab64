import Button from '@mui/material/Button'

import { useListTasksQuery } from '../api/generated'
import { useMay } from '../app/permissions'
import { Link } from '../router'
import { Panel } from '../ui/Panel'
import { TaskTable } from './TaskTable'

const SHOWN = 5

/** Open tasks that are with the caller; nothing where there are none. */
export function WaitingForYou() {
  const may = useMay()
  const { data } = useListTasksQuery({ mine: true, status: 'open', limit: SHOWN }, { refetchOnMountOrArgChange: true, skip: !may('task:read') })
  if (data === undefined || data.items.length === 0) return null
  return (
    <Panel title={`${data.mine} ${data.mine === 1 ? 'task waits' : 'tasks wait'} for you`} flush actions={<Button component={Link} to="/tasks">All tasks</Button>}>
      <TaskTable tasks={data.items} label="Tasks that wait for you" />
    </Panel>
  )
}
