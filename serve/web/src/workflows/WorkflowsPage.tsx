import Button from '@mui/material/Button'
import Link from '@mui/material/Link'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Switch from '@mui/material/Switch'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'
import { visuallyHidden } from '@mui/utils'

import { usePageWorkflowsInfiniteQuery } from '../api'
import { useSetWorkflowEnabledMutation, type Workflow } from '../api/generated'
import { useMay } from '../app/permissions'
import { useQueryState } from '../app/useQueryState'
import { Link as RouterLink } from '../router'
import { Empty } from '../ui/Empty'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { SearchField } from '../ui/SearchField'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { StartRun } from './StartRun'

const wide = { display: { xs: 'none', sm: 'table-cell' } }

export function WorkflowsPage() {
  const may = useMay()
  const [query, set] = useQueryState()
  const q = query.get('q') ?? ''
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePageWorkflowsInfiniteQuery(q ? { q } : {}, {
    refetchOnMountOrArgChange: true,
  })
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const add = may('workflow:write') && (
    <Button component={RouterLink} to="/workflows/new" variant="contained" startIcon={<Icon name="plus" />}>
      New workflow
    </Button>
  )
  return (
    <>
      <PageHeader title="Workflows">{(rows.length > 0 || q !== '') && add}</PageHeader>
      <Stack direction="row" sx={{ mb: 3 }}>
        <SearchField label="Search name, title, summary" value={q} onSearch={(text) => set({ q: text })} />
      </Stack>
      <ProblemAlert error={error} what="Workflows could not be loaded" onRetry={() => void refetch()} />
      <Paper variant="outlined">
        {rows.length > 0 ? (
          <TableContainer>
            <Table aria-label="Workflows" sx={{ tableLayout: 'fixed' }}>
              <TableHead>
                <TableRow>
                  <TableCell>Workflow</TableCell>
                  <TableCell sx={{ ...wide, width: 100 }}>Version</TableCell>
                  <TableCell sx={{ ...wide, width: 120 }}>Changed</TableCell>
                  <TableCell sx={{ width: 84 }}>Enabled</TableCell>
                  <TableCell sx={{ ...wide, width: 120 }}>
                    <span style={visuallyHidden}>Start</span>
                  </TableCell>
                </TableRow>
              </TableHead>
              <TableBody>
                {rows.map((one) => (
                  <Row key={`${one.namespace}/${one.name}`} workflow={one} />
                ))}
              </TableBody>
            </Table>
          </TableContainer>
        ) : data === undefined ? (
          error === undefined && <Skeletons />
        ) : q !== '' ? (
          <Empty icon="search" title="No workflow is like that" action={<Button variant="outlined" onClick={() => set({ q: undefined })}>Show all</Button>} />
        ) : (
          <Empty icon="workflow" title="No workflow yet" action={add}>
            A workflow says what happens when something happens: steps, decisions, calls, retries, in YAML of the Serverless Workflow DSL.
          </Empty>
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More workflows
        </Button>
      )}
    </>
  )
}

function Row({ workflow }: { workflow: Workflow }) {
  return (
    <TableRow hover data-testid="workflow-row" sx={{ '&:last-child td': { borderBottom: 0 } }}>
      <TableCell sx={{ overflow: 'hidden' }}>
        <Typography variant="body2" noWrap>
          <Link component={RouterLink} to={`/workflows/${workflow.namespace}/${workflow.name}`} color="inherit" sx={{ fontWeight: 600 }}>
            {workflow.title || workflow.name}
          </Link>
        </Typography>
        <Typography variant="caption" noWrap component="div" sx={{ color: 'text.secondary' }}>
          {workflow.namespace}/{workflow.name}
          {workflow.summary ? ` · ${workflow.summary}` : ''}
        </Typography>
      </TableCell>
      <TableCell sx={wide}>{workflow.latest_version}</TableCell>
      <TableCell sx={wide}>
        <Ago at={workflow.updated_at} />
      </TableCell>
      <TableCell>
        <EnableSwitch workflow={workflow} />
      </TableCell>
      <TableCell sx={wide} align="right">
        <StartRun workflow={workflow} />
      </TableCell>
    </TableRow>
  )
}

export function EnableSwitch({ workflow }: { workflow: Workflow }) {
  const may = useMay()
  const [setEnabled, { isLoading }] = useSetWorkflowEnabledMutation()
  const { namespace, name, enabled } = workflow
  return (
    <Switch
      size="small"
      checked={enabled}
      disabled={isLoading || !may('workflow:write')}
      onChange={(event) => void setEnabled({ namespace, name, enableRequest: { enabled: event.target.checked } })}
      slotProps={{ input: { 'aria-label': `${name} is enabled` } }}
    />
  )
}
