import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import { useState } from 'react'

import { useDeleteConnectionMutation, useListConnectionsQuery, type Connection } from '../api/generated'
import { useMay } from '../app/permissions'
import { ConfirmDialog } from '../ui/ConfirmDialog'
import { Empty } from '../ui/Empty'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { ConnectionDialog } from './ConnectionDialog'
import { ConnectionTile } from './ConnectionTile'

const POLL_MS = 5000

/** The ways out to third-party APIs, each with its health. */
export function ConnectionsPage() {
  const may = useMay()
  const { data, error, refetch } = useListConnectionsQuery(undefined, { refetchOnMountOrArgChange: true, pollingInterval: POLL_MS, skipPollingIfUnfocused: true })
  const [edited, setEdited] = useState<Connection | 'new'>()
  const [doomed, setDoomed] = useState<Connection>()
  const [remove, removal] = useDeleteConnectionMutation()
  const mayWrite = may('connection:write')
  const add = mayWrite && (
    <Button variant="contained" startIcon={<Icon name="plus" />} onClick={() => setEdited('new')}>
      New connection
    </Button>
  )

  async function yes() {
    if (doomed === undefined) return
    const answer = await remove({ name: doomed.name })
    if (answer.error === undefined) setDoomed(undefined)
  }

  return (
    <>
      <PageHeader title="Connections">{data !== undefined && data.items.length > 0 && add}</PageHeader>
      <ProblemAlert error={data === undefined ? error : undefined} what="Connections could not be loaded" onRetry={() => void refetch()} />
      {data === undefined && error === undefined && <Skeletons />}
      {data?.items.length === 0 && (
        <Paper variant="outlined">
          <Empty icon="connection" title="No connection yet" action={add}>
            A connection is a named way out to an HTTP API: its secret is sealed, its quota is kept, and it rests when the other side
            fails. Workflow steps name it with <code>metadata: {'{'} connection: … {'}'}</code>.
          </Empty>
        </Paper>
      )}
      <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 320px), 1fr))' }}>
        {data?.items.map((one) => (
          <ConnectionTile key={one.name} connection={one} onEdit={mayWrite ? () => setEdited(one) : undefined} onDelete={mayWrite ? () => setDoomed(one) : undefined} />
        ))}
      </Box>
      {edited !== undefined && <ConnectionDialog connection={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      <ConfirmDialog
        open={doomed !== undefined} title={`Delete ${doomed?.name}?`} yes="Delete the connection" danger busy={removal.isLoading} error={removal.error}
        onYes={() => void yes()} onClose={() => setDoomed(undefined)}
      >
        Steps of any run that name <strong>{doomed?.name}</strong> fail from now on. Its secret is removed and cannot be brought back.
      </ConfirmDialog>
    </>
  )
}
