import Box from '@mui/material/Box'
import IconButton from '@mui/material/IconButton'
import LinearProgress from '@mui/material/LinearProgress'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import type { Connection } from '../api/generated'
import { Icon } from '../ui/Icon'
import { numberText } from '../ui/numbers'

/** What the session of a connection says of its breaker and quota. */
interface State {
  breaker?: { state: 'closed' | 'open' | 'half_open'; failures: number }
  quota?: { limit: number; per_seconds: number; used: number }
}

const HEALTH = {
  closed: { word: 'Healthy', color: 'success.main' },
  half_open: { word: 'Trying again', color: 'warning.main' },
  open: { word: 'Resting after failures', color: 'error.main' },
} as const

const AUTH = { bearer: 'Bearer token', basic: 'User and password', header: 'Header' } as const

interface ConnectionTileProps {
  connection: Connection
  onEdit: (() => void) | undefined
  onDelete: (() => void) | undefined
}

export function ConnectionTile({ connection, onEdit, onDelete }: ConnectionTileProps) {
  const { breaker, quota } = (connection.state ?? {}) as State
  const health = breaker === undefined ? { word: 'Not used yet', color: 'text.secondary' } : HEALTH[breaker.state]
  return (
    <Paper component="section" aria-label={connection.name} variant="outlined" sx={{ p: 4, minWidth: 0 }}>
      <Stack direction="row" sx={{ alignItems: 'center', gap: 1 }}>
        <Typography variant="h2" noWrap sx={{ flexGrow: 1 }}>
          {connection.name}
        </Typography>
        {onEdit && (
          <IconButton title="Change" aria-label={`Change ${connection.name}`} onClick={onEdit}>
              <Icon name="edit" />
            </IconButton>
        )}
        {onDelete && (
          <IconButton title="Delete" aria-label={`Delete ${connection.name}`} onClick={onDelete}>
              <Icon name="trash" />
            </IconButton>
        )}
      </Stack>
      <Typography variant="body2" noWrap title={connection.base_url} sx={{ color: 'text.secondary' }}>
        {connection.base_url}
      </Typography>
      <Stack direction="row" sx={{ alignItems: 'center', gap: 2, mt: 3 }}>
        <Box sx={{ width: 8, height: 8, borderRadius: '50%', bgcolor: health.color }} aria-hidden />
        <Typography variant="body2" sx={{ fontWeight: 600 }}>
          {health.word}
        </Typography>
        {breaker !== undefined && breaker.failures > 0 && (
          <Typography variant="caption" sx={{ color: 'text.secondary' }}>
            {breaker.failures} of {connection.breaker.failures} failures in a row
          </Typography>
        )}
      </Stack>
      <Typography variant="caption" component="p" sx={{ color: 'text.secondary', my: 2 }}>
        {connection.auth === null ? 'No secret' : `${AUTH[connection.auth.kind]}${connection.auth.name ? ` ${connection.auth.name}` : ''}, sealed`}
      </Typography>
      {connection.quota && (
        <>
          <Typography variant="caption" component="div">
            {numberText(quota?.used ?? 0)} of {numberText(connection.quota.requests)} requests in {connection.quota.per_seconds} s
          </Typography>
          <LinearProgress variant="determinate" aria-label="Use of the quota" value={Math.min(100, ((quota?.used ?? 0) / connection.quota.requests) * 100)} sx={{ borderRadius: 1, mt: 1, bgcolor: 'action.hover' }} />
        </>
      )}
    </Paper>
  )
}
