import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import Tab from '@mui/material/Tab'
import Tabs from '@mui/material/Tabs'
import Typography from '@mui/material/Typography'
import { useCallback } from 'react'

import {
  useGetWorkflowQuery, useGetWorkflowVersionQuery, useListRunsQuery, useListWorkflowVersionsQuery, type StoredVersion, type Workflow,
} from '../api/generated'
import { problemOf } from '../api/problem'
import { useMay } from '../app/permissions'
import { useAppSelector } from '../app/store'
import { useQueryState } from '../app/useQueryState'
import { Link as RouterLink, useParams } from '../router'
import { FlowPanel } from '../queue/FlowPanel'
import { latestRuns, matches } from '../runs/runsSlice'
import { RunTable } from '../runs/RunTable'
import { Samples } from '../samples/Samples'
import { BackLink } from '../ui/BackLink'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { DefinitionEditor, DslLink } from './DefinitionEditor'
import { nextVersion } from './nextVersion'
import { StartRun } from './StartRun'
import { Versions } from './Versions'
import { EnableSwitch } from './WorkflowsPage'

const TABS = ['runs', 'edit', 'versions', 'samples'] as const
const SHOWN = 12

export function WorkflowPage() {
  const { namespace = '', name = '' } = useParams()
  const [query, set] = useQueryState()
  const { data: workflow, error, refetch } = useGetWorkflowQuery({ namespace, name })
  const wanted = query.get('version') ? 'versions' : query.get('tab')
  const tab = TABS.find((one) => one === wanted) ?? 'runs'
  if (workflow === undefined) {
    if (error === undefined) return <Skeletons lines={8} />
    return problemOf(error)?.status === 404 ? (
      <Empty icon="search" title="There is no such workflow" action={<Button component={RouterLink} to="/workflows" variant="contained">All workflows</Button>} />
    ) : (
      <ProblemAlert error={error} what="The workflow could not be loaded" onRetry={() => void refetch()} />
    )
  }
  return (
    <>
      <PageHeader
        title={workflow.title || workflow.name}
        above={<BackLink to="/workflows">Workflows</BackLink>}
      >
        <Stack direction="row" sx={{ alignItems: 'center', gap: 1 }}>
          <EnableSwitch workflow={workflow} />
          <Typography variant="body2">{workflow.enabled ? 'Enabled' : 'Disabled: starts no runs'}</Typography>
        </Stack>
        <StartRun workflow={workflow} variant="contained" />
      </PageHeader>
      <Typography variant="body2" sx={{ color: 'text.secondary', mt: -2 }}>
        {workflow.namespace}/{workflow.name} · {workflow.latest_version}
        {workflow.summary ? ` · ${workflow.summary}` : ''}
      </Typography>
      <Tabs
        value={tab} variant="scrollable" scrollButtons={false} aria-label="Parts of the workflow"
        sx={{ borderBottom: 1, borderColor: 'divider', mb: 4, '& .MuiTab-root': { px: { xs: 2, sm: 3 } } }}
        onChange={(_, value: string) => set({ tab: value === 'runs' ? undefined : value, version: undefined, against: undefined })}
      >
        <Tab value="runs" label="Runs" />
        <Tab value="edit" label="Definition" />
        <Tab value="versions" label="Versions" />
        <Tab value="samples" label="Samples" />
      </Tabs>
      {tab === 'runs' && (
        <Stack sx={{ gap: 4 }}>
          <Runs workflow={workflow} />
          <FlowPanel workflow={workflow} />
        </Stack>
      )}
      {tab === 'edit' && <Edit key={workflow.latest_version} workflow={workflow} onSaved={() => set({ tab: 'versions' })} />}
      {tab === 'versions' && <VersionsTab workflow={workflow} />}
      {tab === 'samples' && <Samples workflow={workflow} />}
    </>
  )
}

function Runs({ workflow }: { workflow: Workflow }) {
  const { namespace, name } = workflow
  const { data, error, refetch } = useListRunsQuery({ namespace, name, limit: SHOWN }, { refetchOnMountOrArgChange: true })
  const heard = useAppSelector((state) => state.runs)
  const runs = latestRuns(heard, data?.items ?? [], Infinity).filter((run) => matches(run, { namespace, name })).slice(0, SHOWN)
  return (
    <Panel title="Latest runs" flush actions={<Button component={RouterLink} to={`/runs?namespace=${namespace}&name=${name}`}>All its runs</Button>}>
      <ProblemAlert error={error} what="Runs could not be loaded" onRetry={() => void refetch()} />
      {runs.length > 0 ? (
        <RunTable runs={runs} label="Latest runs" ofOne />
      ) : data === undefined ? (
        <Skeletons />
      ) : (
        <Empty icon="run" title="It has not run yet" action={<StartRun workflow={workflow} variant="outlined" />}>
          Runs appear here by themselves, whatever starts them.
        </Empty>
      )}
    </Panel>
  )
}

function Edit({ workflow, onSaved }: { workflow: Workflow; onSaved: (version: StoredVersion) => void }) {
  const may = useMay()
  const { namespace, name, latest_version: version } = workflow
  const { data, error, refetch } = useGetWorkflowVersionQuery({ namespace, name, version })
  const saved = useCallback(onSaved, [])
  if (data === undefined) return error === undefined ? <Skeletons /> : <ProblemAlert error={error} onRetry={() => void refetch()} />
  if (!may('workflow:write')) return <VersionsTab workflow={workflow} />
  return (
    <DefinitionEditor
      text={nextVersion(data.source, version)} isNew={false} onSaved={saved}
      beside={<Box sx={{ alignSelf: 'center', mr: 2 }}><DslLink /></Box>}
    />
  )
}

function VersionsTab({ workflow }: { workflow: Workflow }) {
  const { namespace, name } = workflow
  const { data, error, refetch } = useListWorkflowVersionsQuery({ namespace, name, limit: 200 }, { refetchOnMountOrArgChange: true })
  if (data === undefined) return error === undefined ? <Skeletons /> : <ProblemAlert error={error} onRetry={() => void refetch()} />
  return <Versions workflow={workflow} versions={data.items} />
}
