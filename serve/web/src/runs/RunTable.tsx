import Box from '@mui/material/Box'
import Link from '@mui/material/Link'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'
import type { ChangeEvent, MouseEvent } from 'react'

import { Link as RouterLink, useNavigate } from '../router'
import { StatusChip } from '../ui/StatusChip'
import { Ago, Lasting } from '../ui/Time'
import type { RunNews } from './runsSlice'

const wide = { display: { xs: 'none', sm: 'table-cell' } }

interface RunTableProps {
  runs: RunNews[]
  label: string
  /** All are of one workflow, so that its name says nothing. */
  ofOne?: boolean
  /** Ids of those that are ticked; without it, none can be. */
  selected?: ReadonlySet<string>
  onSelect?: (ids: readonly string[], on: boolean) => void
}

/** Runs, one a row; the whole row opens the run. */
export function RunTable({ runs, label, ofOne = false, selected, onSelect }: RunTableProps) {
  const navigate = useNavigate()

  function open(event: MouseEvent, id: string) {
    // Text can be selected, and links do what links do.
    const onLink = event.target instanceof Element && event.target.closest('a, input, label') !== null
    if (!onLink && window.getSelection()?.isCollapsed !== false) void navigate(`/runs/${id}`)
  }

  return (
    <TableContainer>
      <Table aria-label={label} sx={{ tableLayout: 'fixed' }}>
        <TableHead>
          <TableRow>
            {selected && onSelect && (
              <TableCell sx={{ width: 44 }}>
                <Tick
                  label="All runs that are shown" on={runs.every((run) => selected.has(run.id))} some={runs.some((run) => selected.has(run.id))}
                  onTick={(on) => onSelect(runs.map((run) => run.id), on)}
                />
              </TableCell>
            )}
            <TableCell sx={{ width: 124 }}>Status</TableCell>
            <TableCell>{ofOne ? 'Version' : 'Workflow'}</TableCell>
            <TableCell sx={{ ...wide, width: 110 }}>Took</TableCell>
            <TableCell align="right" sx={{ width: { xs: 92, sm: 120 } }}>Made</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {runs.map((run) => (
            <TableRow key={run.id} hover data-testid="run-row" onClick={(event) => open(event, run.id)} sx={{ cursor: 'pointer', '&:last-child td': { borderBottom: 0 } }}>
              {selected && onSelect && (
                <TableCell>
                  <Tick label={`Run of ${run.workflow.name}, ${run.status}`} on={selected.has(run.id)} onTick={(on) => onSelect([run.id], on)} />
                </TableCell>
              )}
              <TableCell>
                <StatusChip status={run.status} />
              </TableCell>
              <TableCell sx={{ overflow: 'hidden' }}>
                <Typography variant="body2" noWrap>
                  <Link component={RouterLink} to={`/runs/${run.id}`} color="inherit" sx={{ fontWeight: 600 }}>
                    {ofOne ? run.workflow.version : run.workflow.name}
                  </Link>{' '}
                  {!ofOne && (
                    <Box component="span" sx={{ color: 'text.secondary' }}>
                      {run.workflow.namespace} · {run.workflow.version}
                    </Box>
                  )}
                </Typography>
                {run.error && (
                  <Typography variant="caption" noWrap component="div" sx={{ color: 'error.main' }}>
                    {run.error.title ?? run.error.type}
                    {run.error.detail ? `: ${run.error.detail}` : ''}
                  </Typography>
                )}
              </TableCell>
              <TableCell sx={wide}>
                <Lasting from={run.started_at} to={run.ended_at} />
              </TableCell>
              <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>
                <Ago at={run.created_at} />
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}

/** The browser's own box: the dashboard draws this table too, and has nothing to tick. */
function Tick({ label, on, some = false, onTick }: { label: string; on: boolean; some?: boolean; onTick: (on: boolean) => void }) {
  return (
    <Box
      component="input" type="checkbox" aria-label={label} checked={on} onChange={(event: ChangeEvent<HTMLInputElement>) => onTick(event.target.checked)}
      ref={(box: HTMLInputElement | null) => {
        if (box !== null) box.indeterminate = some && !on
      }}
      sx={{ width: 16, height: 16, m: 0, display: 'block', cursor: 'pointer', accentColor: 'var(--mui-palette-primary-main)' }}
    />
  )
}
