import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'

import { FormDialog } from '../ui/FormDialog'
import { useNewRecoveryCodesMutation } from './factors'

/** Makes recovery codes and shows them once, to copy or to keep as a file. */
export function RecoveryCodesDialog({ replaces, onClose }: { replaces: boolean; onClose: () => void }) {
  const [make, { data, isLoading, error }] = useNewRecoveryCodesMutation()
  const text = data?.codes.join('\n') ?? ''
  return (
    <FormDialog title="Recovery codes" yes={data ? 'I have kept them' : 'Make ten codes'} busy={isLoading} error={error} onClose={onClose}
      onYes={() => (data ? onClose() : void make())}>
      {data === undefined ? (
        <Typography variant="body2">
          Each of them signs you in once, when you have neither phone nor keys.{replaces && ' Those you have work no more.'}
        </Typography>
      ) : (
        <>
          <Typography variant="body2">Keep them where only you find them. They are shown this once.</Typography>
          <Box component="ol" data-testid="recovery-codes" sx={{ m: 0, pl: 5, columns: { sm: 2 }, fontFamily: 'monospace' }}>
            {data.codes.map((code) => <li key={code}>{code}</li>)}
          </Box>
          <Stack direction="row" sx={{ gap: 2, flexWrap: 'wrap' }}>
            <Button variant="outlined" onClick={() => void navigator.clipboard.writeText(text)}>Copy</Button>
            <Button variant="outlined" component="a" download="tidewire-recovery-codes.txt" href={`data:text/plain,${encodeURIComponent(text)}`}>Download</Button>
          </Stack>
        </>
      )}
    </FormDialog>
  )
}
