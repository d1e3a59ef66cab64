import TextField from '@mui/material/TextField'

import { useListWorkflowVersionsQuery } from '../api/generated'

interface VersionFieldProps {
  namespace: string
  name: string
  value: string
  /** The version of the run, told as such. */
  own?: string
  label?: string
  /** What choosing nothing means; without it, one has to be chosen. */
  none?: string
  onChange: (version: string) => void
}

/** Chooses a version of a workflow. */
export function VersionField({ namespace, name, value, own, label = 'Version', none, onChange }: VersionFieldProps) {
  const { data } = useListWorkflowVersionsQuery({ namespace, name, limit: 200 })
  const versions = data?.items.map((one) => one.version) ?? (own === undefined ? [] : [own])
  return (
    <TextField
      select label={label} value={value} onChange={(event) => onChange(event.target.value)}
      slotProps={{ select: { native: true }, inputLabel: { shrink: true }, htmlInput: { 'aria-label': label } }}
    >
      {none !== undefined && <option value="">{none}</option>}
      {versions.map((one) => (
        <option key={one} value={one}>
          {one}
          {one === own ? ' (its own)' : ''}
        </option>
      ))}
    </TextField>
  )
}
