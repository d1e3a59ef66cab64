import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import TextField from '@mui/material/TextField'
import { useState } from 'react'

import { useInferVersionMutation, type ModelVersion } from '../api/generated'
import { useMay } from '../app/permissions'
import { MONO } from '../app/theme'
import { JsonView } from '../ui/JsonView'
import { ProblemAlert } from '../ui/ProblemAlert'

/** Asks a version with values that can be changed; the example of the manifest to begin with. */
export function TryModel({ version }: { version: ModelVersion }) {
  const may = useMay()
  const begin = version.example ?? Object.fromEntries(version.inputs.map((one) => [one.name, one.datatype === 'BYTES' ? '' : 0]))
  const [text, setText] = useState(() => JSON.stringify(begin, null, 2))
  const [fault, setFault] = useState<string>()
  const [infer, { data, error, isLoading }] = useInferVersionMutation()
  if (!may('model:infer')) return null

  async function ask() {
    try {
      const inputs = JSON.parse(text) as object
      setFault(undefined)
      await infer({ model: version.model, version: version.version, body: { inputs } })
    } catch (caught) {
      setFault(caught instanceof Error ? caught.message : String(caught))
    }
  }

  return (
    <Stack sx={{ gap: 3 }}>
      <TextField
        label="Inputs" multiline maxRows={12} value={text} onChange={(event) => setText(event.target.value)} error={fault !== undefined}
        helperText={fault} slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: MONO, fontSize: 12 } } }} sx={{ mt: 2 }}
      />
      <Button variant="outlined" loading={isLoading} onClick={() => void ask()} sx={{ alignSelf: 'flex-start' }}>
        Predict
      </Button>
      <ProblemAlert error={error} what="The model did not answer" />
      {data !== undefined && <JsonView value={data.outputs} label="Answer" />}
    </Stack>
  )
}
