import { useListTasksQuery } from '../api/generated'
import { useMay } from '../app/permissions'
import { Panel } from '../ui/Panel'
import { TaskTable } from './TaskTable'

/** What a run waits for people to do; nothing where it asks nobody. */
export function TasksOfRun({ runId }: { runId: string }) {
  const may = useMay()
  const { data } = useListTasksQuery({ runId, status: 'open' }, { refetchOnMountOrArgChange: true, skip: !may('task:read') })
  if (data === undefined || data.items.length === 0) return null
  return (
    <Panel title="It waits for people" flush>
      <TaskTable tasks={data.items} label="What people are asked" />
    </Panel>
  )
}
