import Box from '@mui/material/Box'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'

import { useGetWorkflowFlowQuery, type FlowKey, type Workflow } from '../api/generated'
import { Empty } from '../ui/Empty'
import { JsonView } from '../ui/JsonView'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Ago } from '../ui/Time'

const POLL_MS = 5000
const wide = { display: { xs: 'none', sm: 'table-cell' } }

/** The rules of flow control, and what goes on by key; nothing where there are none. */
export function FlowPanel({ workflow }: { workflow: Workflow }) {
  const { namespace, name } = workflow
  const { data, error, refetch } = useGetWorkflowFlowQuery(
    { namespace, name },
    { refetchOnMountOrArgChange: true, pollingInterval: POLL_MS, skipPollingIfUnfocused: true },
  )
  if (data === undefined) return error === undefined ? null : <ProblemAlert error={error} what="Flow control could not be loaded" onRetry={() => void refetch()} />
  if (data.control === null && data.items.length === 0) return null
  return (
    <Panel title="Flow control" testId="flow" flush>
      {data.items.length === 0 ? (
        <Empty icon="check" title="Nothing is held back">
          Keys appear here while runs with them go on, wait, or were refused.
        </Empty>
      ) : (
        <Keys keys={data.items} />
      )}
      {data.control !== null && (
        <Box sx={{ p: 4 }}>
          <JsonView value={data.control} label="Rules of the newest version" maxHeight={200} />
        </Box>
      )}
    </Panel>
  )
}

function Keys({ keys }: { keys: readonly FlowKey[] }) {
  return (
    <TableContainer>
      <Table aria-label="Keys" sx={{ tableLayout: 'fixed' }}>
        <TableHead>
          <TableRow>
            <TableCell>Key</TableCell>
            <TableCell align="right" sx={{ width: 84 }}>Running</TableCell>
            <TableCell align="right" sx={{ width: 84 }}>Waiting</TableCell>
            <TableCell align="right" sx={{ ...wide, width: 160 }}>Refused</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {keys.map((one) => (
            <TableRow key={one.key} data-testid="flow-key" sx={{ '&:last-child td': { borderBottom: 0 } }}>
              <TableCell sx={{ overflow: 'hidden' }}>
                <Typography variant="body2" noWrap title={one.key}>
                  {one.key === '' ? 'all runs' : one.key}
                </Typography>
              </TableCell>
              <TableCell align="right">{one.running}</TableCell>
              <TableCell align="right">{one.waiting}</TableCell>
              <TableCell align="right" sx={wide}>
                {one.refused}
                {one.last_refused_at !== null && (
                  <>
                    , last <Ago at={one.last_refused_at} />
                  </>
                )}
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}
