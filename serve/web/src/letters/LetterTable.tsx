import Link from '@mui/material/Link'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'

import type { DeadLetterSummary } from '../api/generated'
import { Link as RouterLink } from '../router'
import { nameOf } from '../runs/timeline'
import { Ago } from '../ui/Time'

const wide = { display: { xs: 'none', sm: 'table-cell' } }

interface LetterTableProps {
  letters: readonly DeadLetterSummary[]
  /** Shows those of one workflow alone. */
  onPick: (workflow: DeadLetterSummary['workflow']) => void
}

/** Runs that gave up, each with its reason. */
export function LetterTable({ letters, onPick }: LetterTableProps) {
  return (
    <TableContainer>
      <Table aria-label="Dead letters" sx={{ tableLayout: 'fixed' }}>
        <TableHead>
          <TableRow>
            <TableCell>Reason</TableCell>
            <TableCell sx={{ ...wide, width: 200 }}>Workflow</TableCell>
            <TableCell sx={{ ...wide, width: 130 }}>Step</TableCell>
            <TableCell align="right" sx={{ width: 110 }}>Gave up</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {letters.map((letter) => (
            <TableRow key={letter.run_id} hover data-testid="letter-row" sx={{ '&:last-child td': { borderBottom: 0 } }}>
              <TableCell sx={{ overflow: 'hidden' }}>
                <Typography variant="body2" noWrap>
                  <Link component={RouterLink} to={`/dead-letters/${letter.run_id}`} color="inherit" sx={{ fontWeight: 600 }}>
                    {letter.error.title ?? letter.error.type}
                  </Link>
                </Typography>
                <Typography variant="caption" noWrap component="div" sx={{ color: 'text.secondary' }}>
                  {letter.error.detail ?? letter.error.type}
                  {letter.edits !== null && ' · edited'}
                </Typography>
              </TableCell>
              <TableCell sx={{ ...wide, overflow: 'hidden' }}>
                <Link component="button" variant="body2" noWrap title={`Those of ${letter.workflow.name} only`} onClick={() => onPick(letter.workflow)} sx={{ maxWidth: '100%', display: 'block', textAlign: 'left' }}>
                  {letter.workflow.name}
                </Link>
                <Typography variant="caption" noWrap component="div" sx={{ color: 'text.secondary' }}>
                  {letter.workflow.namespace} · {letter.workflow.version}
                </Typography>
              </TableCell>
              <TableCell sx={{ ...wide, overflow: 'hidden', textOverflow: 'ellipsis' }}>
                {letter.task === null ? '–' : nameOf(letter.task)}
                {letter.attempts > 1 && (
                  <Typography variant="caption" component="div" sx={{ color: 'text.secondary' }}>
                    {letter.attempts} tries
                  </Typography>
                )}
              </TableCell>
              <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>
                <Ago at={letter.faulted_at} />
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}
