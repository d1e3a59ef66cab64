import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'

import type { Line } from '../metrics/series'
import { timeText } from './chartShapes'

interface ChartTableProps {
  title: string
  starts: number[]
  step: number
  lines: Line[]
  format: (value: number | null) => string
}

/** The numbers of a chart, the newest first. */
export function ChartTable({ title, starts, step, lines, format }: ChartTableProps) {
  const rows = starts.map((start, index) => ({ start, index })).reverse()
  return (
    <TableContainer sx={{ maxHeight: 264 }} tabIndex={0} role="region" aria-label={title}>
      <Table stickyHeader>
        <TableHead>
          <TableRow>
            <TableCell>From</TableCell>
            {lines.map((line) => (
              <TableCell key={line.label} align="right">
                {line.label}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map(({ start, index }) => (
            <TableRow key={start}>
              <TableCell>{timeText(start, step)}</TableCell>
              {lines.map((line) => (
                <TableCell key={line.label} align="right">
                  {format(line.values[index] ?? null)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}
