import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'

import type { ModelVersion } from '../api/generated'
import { figuresOf } from './figures'

const FLUSH = { '&:first-of-type': { pl: 0 } }

/** The figures of a manifest, beside those of the live version. */
export function Compare({ shown, other }: { shown: ModelVersion; other: ModelVersion | undefined }) {
  const figures = figuresOf(shown.metrics)
  const against = new Map(other === undefined ? [] : figuresOf(other.metrics).map((one) => [one.name, one.value]))
  if (figures.length === 0) {
    return (
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        Its manifest has no figures. Write <code>metrics</code> into it, measured on data that training did not see.
      </Typography>
    )
  }
  return (
    <>
      <TableContainer>
        <Table aria-label="Figures">
          {other !== undefined && (
            <TableHead>
              <TableRow>
                <TableCell sx={FLUSH}>Figure</TableCell>
                <TableCell align="right">{shown.version}</TableCell>
                <TableCell align="right">{other.version} (live)</TableCell>
              </TableRow>
            </TableHead>
          )}
          <TableBody>
            {figures.map((one) => (
              <TableRow key={one.name}>
                <TableCell sx={FLUSH}>{one.name}</TableCell>
                <TableCell align="right" sx={{ fontWeight: 600 }}>
                  {one.value}
                </TableCell>
                {other !== undefined && <TableCell align="right">{against.get(one.name) ?? '–'}</TableCell>}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      <Typography variant="caption" component="p" sx={{ color: 'text.secondary', mb: 0, mt: 3 }}>
        As written in the manifest by whoever trained it.
      </Typography>
    </>
  )
}
