import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Chip from '@mui/material/Chip'
import Link from '@mui/material/Link'
import Stack from '@mui/material/Stack'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'
import { visuallyHidden } from '@mui/utils'
import { useState } from 'react'

import { useListModelVersionsQuery, useSetModelAliasMutation, type ModelVersion } from '../api/generated'
import { useMay } from '../app/permissions'
import { useQueryState } from '../app/useQueryState'
import { Link as RouterLink, useParams } from '../router'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Icon } from '../ui/Icon'
import { JsonView } from '../ui/JsonView'
import { numberText } from '../ui/numbers'
import { PageHeader } from '../ui/PageHeader'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { Compare } from './Compare'
import { TryModel } from './TryModel'

const LIVE = 'live'

/** A model: its versions, which one is live, and how good each was. */
export function ModelPage() {
  const { model = '' } = useParams()
  const [query, set] = useQueryState()
  const { data, error, refetch } = useListModelVersionsQuery({ model }, { refetchOnMountOrArgChange: true })
  const versions = data?.items ?? []
  const live = versions.find((one) => one.aliases.includes(LIVE))
  const shown = versions.find((one) => one.version === query.get('version')) ?? live ?? versions[0]
  return (
    <>
      <PageHeader
        title={model}
        above={
          <Link component={RouterLink} to="/models" variant="body2" sx={{ display: 'inline-flex', alignItems: 'center', gap: 1 }}>
            <Icon name="back" sx={{ fontSize: 14 }} /> Models
          </Link>
        }
      />
      <ProblemAlert error={error} what="The model could not be loaded" onRetry={() => void refetch()} />
      {data === undefined && error === undefined && <Skeletons />}
      {shown !== undefined && (
        <Stack sx={{ gap: 4 }}>
          <Panel title="Versions" flush>
            <Versions versions={versions} shown={shown} live={live} onShow={(version) => set({ version })} />
          </Panel>
          <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'repeat(2, minmax(0, 1fr))' } }}>
            <Panel title={`How good ${shown.version} was`}>
              <Compare shown={shown} other={live !== shown ? live : undefined} />
            </Panel>
            <Panel title={`Try ${shown.version}`}>
              <TryModel key={shown.version} version={shown} />
            </Panel>
            <Panel title="What goes in and what comes out">
              <Tensors version={shown} />
            </Panel>
            <Panel title="Training">
              <JsonView value={shown.training} label="Training" />
            </Panel>
          </Box>
        </Stack>
      )}
    </>
  )
}

interface VersionsProps {
  versions: ModelVersion[]
  shown: ModelVersion
  live: ModelVersion | undefined
  onShow: (version: string) => void
}

function Versions({ versions, shown, live, onShow }: VersionsProps) {
  const may = useMay()
  const [next, setNext] = useState<ModelVersion>()
  const [setAlias, { isLoading, error }] = useSetModelAliasMutation()

  async function promote() {
    if (next === undefined) return
    const answer = await setAlias({ model: next.model, alias: LIVE, aliasRequest: { version: next.version } })
    if (answer.data) setNext(undefined)
  }

  return (
    <TableContainer>
      <Table aria-label="Versions">
        <TableHead>
          <TableRow>
            <TableCell>Version</TableCell>
            <TableCell>Deployed</TableCell>
            <TableCell align="right" sx={{ display: { xs: 'none', sm: 'table-cell' } }}>Size</TableCell>
            <TableCell>
              <span style={visuallyHidden}>Make live</span>
            </TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {versions.map((one) => (
            <TableRow key={one.version} selected={one === shown} sx={{ '&:last-child td': { borderBottom: 0 } }}>
              <TableCell>
                <Link component="button" variant="body2" onClick={() => onShow(one.version)} aria-current={one === shown} sx={{ fontWeight: 600 }}>
                  {one.version}
                </Link>{' '}
                {one.aliases.map((alias) => (
                  <Chip key={alias} label={alias} color={alias === LIVE ? 'primary' : 'default'} sx={{ height: 18, ml: 1 }} />
                ))}
              </TableCell>
              <TableCell>
                <Ago at={one.created_at} />
              </TableCell>
              <TableCell align="right" sx={{ display: { xs: 'none', sm: 'table-cell' } }}>
                {numberText(Math.ceil(one.size_bytes / 1000))} kB
              </TableCell>
              <TableCell align="right">
                {one !== live && may('model:write') && <Button onClick={() => setNext(one)}>Make live</Button>}
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <ConfirmDialog
        open={next !== undefined} title={`Make ${next?.version} live?`} yes="Make it live" no="Leave it" busy={isLoading} error={error}
        onYes={() => void promote()} onClose={() => setNext(undefined)}
      >
        Workflows and requests that name no version ask <strong>{next?.version}</strong> from now on
        {live !== undefined && <> instead of <strong>{live.version}</strong></>}. You can go back at any time.
      </ConfirmDialog>
    </TableContainer>
  )
}

function Tensors({ version }: { version: ModelVersion }) {
  const rows = [...version.inputs.map((one) => ({ ...one, way: 'in' })), ...version.outputs.map((one) => ({ ...one, way: 'out' }))]
  return (
    <TableContainer sx={{ maxHeight: 320 }}>
      <Table aria-label="Inputs and outputs">
        <TableBody>
          {rows.map((one) => (
            <TableRow key={`${one.way} ${one.name}`}>
              <TableCell sx={{ '&:first-of-type': { pl: 0 }, color: 'text.secondary', width: 40 }}>{one.way}</TableCell>
              <TableCell>
                <Typography variant="body2" sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>
                  {one.name}
                </Typography>
              </TableCell>
              <TableCell align="right">
                {one.datatype} [{one.shape.join(', ')}]
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}
