import Box from '@mui/material/Box'
import Link from '@mui/material/Link'
import Paper from '@mui/material/Paper'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'

import { useListModelsQuery } from '../api/generated'
import { Link as RouterLink } from '../router'
import { CopyButton } from '../ui/JsonView'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { figuresOf } from './figures'

const DEPLOY = 'tidewire models deploy ./my_model'
const wide = { display: { xs: 'none', md: 'table-cell' } }

/** The models of the tenant: which version is live and how good it was when it was tried. */
export function ModelsPage() {
  const { data, error, refetch } = useListModelsQuery(undefined, { refetchOnMountOrArgChange: true })
  return (
    <>
      <PageHeader title="Models" />
      <ProblemAlert error={error} what="Models could not be loaded" onRetry={() => void refetch()} />
      <Paper variant="outlined">
        {data === undefined ? (
          error === undefined && <Skeletons />
        ) : data.items.length === 0 ? (
          <Empty icon="model" title="No model yet">
            A model is a folder with a manifest and a scikit-learn pipeline. Deploy one from a terminal; workflows then ask it with{' '}
            <code>call: predict</code>.
            <Box component="pre" sx={{ display: 'flex', alignItems: 'center', justifyContent: 'center', gap: 2, mt: 3, mb: 0 }}>
              {DEPLOY} <CopyButton text={DEPLOY} label="Copy the command" />
            </Box>
          </Empty>
        ) : (
          <TableContainer>
            <Table aria-label="Models">
              <TableHead>
                <TableRow>
                  <TableCell>Model</TableCell>
                  <TableCell>Live</TableCell>
                  <TableCell sx={wide}>Figures of the newest</TableCell>
                  <TableCell align="right" sx={wide}>Versions</TableCell>
                  <TableCell align="right" sx={wide}>Newest</TableCell>
                </TableRow>
              </TableHead>
              <TableBody>
                {data.items.map((one) => (
                  <TableRow key={one.model} hover sx={{ '&:last-child td': { borderBottom: 0 } }}>
                    <TableCell>
                      <Link component={RouterLink} to={`/models/${one.model}`} color="inherit" sx={{ fontWeight: 600 }}>
                        {one.model}
                      </Link>
                      <Typography variant="caption" component="div" sx={{ color: 'text.secondary' }}>
                        {one.latest.description}
                      </Typography>
                    </TableCell>
                    <TableCell>{one.aliases.live ?? 'none'}</TableCell>
                    <TableCell sx={wide}>
                      {figuresOf(one.latest.metrics).slice(0, 3).map((figure) => (
                        <Typography key={figure.name} variant="caption" component="div">
                          {figure.name} <strong>{figure.value}</strong>
                        </Typography>
                      ))}
                    </TableCell>
                    <TableCell align="right" sx={wide}>{one.versions}</TableCell>
                    <TableCell align="right" sx={wide}>
                      <Ago at={one.latest.created_at} />
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </TableContainer>
        )}
      </Paper>
    </>
  )
}
