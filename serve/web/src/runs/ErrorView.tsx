import Alert from '@mui/material/Alert'
import Typography from '@mui/material/Typography'

interface DslError {
  type?: string
  status?: number
  title?: string | null
  detail?: string | null
  instance?: string | null
}

/** The DSL's error object: what happened, why, and in which task. */
export function ErrorView({ error }: { error: unknown }) {
  if (typeof error !== 'object' || error === null) return null
  const { type, status, title, detail, instance } = error as DslError
  const kind = type?.split('/').at(-1)
  return (
    <Alert severity="error" variant="outlined" sx={{ my: 1, alignItems: 'flex-start', '& .MuiAlert-message': { minWidth: 0, overflowWrap: 'anywhere' } }}>
      <Typography variant="body2" sx={{ fontWeight: 600 }}>
        {title ?? kind ?? 'Error'}
        {status !== undefined && ` (${status})`}
      </Typography>
      {detail && <Typography variant="body2">{detail}</Typography>}
      <Typography variant="caption" component="div" sx={{ color: 'text.secondary' }}>
        {kind}
        {instance && (
          <>
            {' '}
            in <code>{instance}</code>
          </>
        )}
      </Typography>
    </Alert>
  )
}
