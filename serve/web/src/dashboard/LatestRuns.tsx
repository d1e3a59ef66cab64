import Button from '@mui/material/Button'

import { useListRunsQuery } from '../api/generated'
import { useAppSelector } from '../app/store'
import { Link } from '../router'
import { RunTable } from '../runs/RunTable'
import { latestRuns } from '../runs/runsSlice'
import { Empty } from '../ui/Empty'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'

const SHOWN = 8

export function LatestRuns() {
  const { data, error, refetch } = useListRunsQuery({ limit: SHOWN })
  const heard = useAppSelector((state) => state.runs)
  const runs = latestRuns(heard, data?.items ?? [], SHOWN)
  return (
    <Panel title="Latest runs" testId="latest-runs" flush actions={<Button component={Link} to="/runs">All runs</Button>}>
      {error !== undefined && <ProblemAlert error={error} what="Runs could not be loaded" onRetry={() => void refetch()} />}
      {runs.length > 0 ? (
        <RunTable runs={runs} label="Latest runs" />
      ) : data === undefined ? (
        error === undefined && <Skeletons />
      ) : (
        <Empty icon="run" title="No run yet" action={<Button component={Link} to="/workflows" variant="outlined">Go to the workflows</Button>}>
          A run is one execution of a workflow: started by hand, by an event, by a schedule or by the API.
        </Empty>
      )}
    </Panel>
  )
}
