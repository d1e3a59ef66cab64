import TextField from '@mui/material/TextField'
import { useState } from 'react'

import { FormDialog } from '../ui/FormDialog'
import { makePasskey } from './browserKeys'
import { useAddPasskeyMutation, useBeginPasskeyMutation } from './factors'
import { useFresh } from './useFresh'

/** Lets the browser make a passkey, under a name. */
export function PasskeyDialog({ onClose }: { onClose: () => void }) {
  const [begin, begun] = useBeginPasskeyMutation()
  const [add, added] = useAddPasskeyMutation()
  const [failed, setFailed] = useState<unknown>()
  const fresh = useFresh()

  async function make(name: string) {
    setFailed(undefined)
    try {
      const { registration_token, passkey } = await begin().unwrap()
      const credential = await makePasskey(passkey)
      if (credential === undefined) return
      fresh(await add({ registration_token, name, credential }).unwrap())
      onClose()
    } catch (caught) {
      setFailed(caught)
    }
  }

  return (
    <FormDialog title="Add a passkey" yes="Go on" busy={begun.isLoading || added.isLoading} error={failed} what="There is no new passkey" onClose={onClose}
      onYes={(form) => void make(String(form.get('name')))}>
      <TextField name="name" label="Name" required autoFocus helperText="To tell it from others, such as: my laptop" slotProps={{ htmlInput: { maxLength: 100 } }} />
    </FormDialog>
  )
}
