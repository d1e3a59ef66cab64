import Checkbox from '@mui/material/Checkbox'
import FormControl from '@mui/material/FormControl'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormHelperText from '@mui/material/FormHelperText'
import TextField from '@mui/material/TextField'

import { faultsAt, type Problem } from '../api/problem'
import type { Field, Values } from './form'

interface FormFieldsProps {
  fields: readonly Field[]
  values: Values
  /** The faults of the server, told at their fields. */
  problem: Problem | undefined
  onChange: (values: Values) => void
}

const TYPES: Partial<Record<Field['kind'], string>> = { email: 'email', date: 'date', number: 'number', integer: 'number' }

export function FormFields({ fields, values, problem, onChange }: FormFieldsProps) {
  return fields.map((field) => (
    <OneField
      key={field.name} field={field} value={values[field.name] ?? ''} fault={faultsAt(problem, `/data/${field.name}`)}
      onChange={(value) => onChange({ ...values, [field.name]: value })}
    />
  ))
}

interface OneFieldProps {
  field: Field
  value: string | boolean
  fault: string | undefined
  onChange: (value: string | boolean) => void
}

function OneField({ field, value, fault, onChange }: OneFieldProps) {
  const { kind, label, required, help, choices, bounds } = field
  if (kind === 'boolean') {
    return (
      <FormControl error={fault !== undefined}>
        <FormControlLabel control={<Checkbox checked={value === true} onChange={(event) => onChange(event.target.checked)} />} label={label} />
        {(fault ?? help) !== undefined && <FormHelperText>{fault ?? help}</FormHelperText>}
      </FormControl>
    )
  }
  const { min, max, ...lengths } = bounds
  const numbers = kind === 'number' || kind === 'integer' ? { min, max, step: kind === 'integer' ? 1 : 'any' } : lengths
  return (
    <TextField
      label={label} required={required} value={value} multiline={kind === 'long'} select={kind === 'choice'} type={TYPES[kind] ?? 'text'}
      {...(kind === 'long' ? { minRows: 3 } : {})} error={fault !== undefined} helperText={fault ?? help}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{
        htmlInput: kind === 'choice' ? {} : numbers,
        select: { native: true },
        inputLabel: kind === 'date' || kind === 'choice' ? { shrink: true } : {},
      }}
    >
      {kind === 'choice' ? [
        <option key="" value="" disabled={required}>
          {required ? 'Choose …' : 'None'}
        </option>,
        ...choices.map((one) => (
          <option key={String(one)} value={String(one)}>
            {String(one)}
          </option>
        )),
      ] : null}
    </TextField>
  )
}
