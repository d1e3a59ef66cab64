import TextField from '@mui/material/TextField'

import { FormDialog } from '../ui/FormDialog'
import { useRenamePasskeyMutation, type Passkey } from './factors'

export function RenameDialog({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const [rename, { isLoading, error }] = useRenamePasskeyMutation()
  return (
    <FormDialog title="Rename the passkey" yes="Rename" busy={isLoading} error={error} onClose={onClose}
      onYes={(form) => void rename({ id: passkey.id, name: String(form.get('name')) }).unwrap().then(onClose, () => undefined)}>
      <TextField name="name" label="Name" required autoFocus defaultValue={passkey.name} slotProps={{ htmlInput: { maxLength: 100 } }} />
    </FormDialog>
  )
}
