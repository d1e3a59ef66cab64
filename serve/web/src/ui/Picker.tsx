import Box from '@mui/material/Box'

import { Icon } from './Icon'

interface PickerProps<T extends string> {
  label: string
  value: T
  onChange: (value: T) => void
  options: readonly (readonly [T, string])[]
  /** With a border, as a field of a form; otherwise quiet, for the head of a panel. */
  framed?: boolean
}

/** Picks one of a few; the browser's own list, which fits thumbs, keys and screen readers. */
export function Picker<T extends string>({ label, value, onChange, options, framed = false }: PickerProps<T>) {
  return (
    <Box
      sx={{
        position: 'relative', display: 'inline-flex', alignItems: 'center', maxWidth: '100%', minWidth: 0, borderRadius: 1, height: framed ? 36 : 30,
        border: 1, borderColor: framed ? 'divider' : 'transparent', bgcolor: framed ? 'background.paper' : 'transparent',
        '&:hover': { borderColor: 'text.secondary' },
      }}
    >
      <Box
        component="select"
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
        sx={{
          font: 'inherit', fontSize: '0.8125rem', color: 'text.primary', bgcolor: 'transparent', border: 0, appearance: 'none', height: '100%',
          pl: framed ? 3 : 2, pr: 7, borderRadius: 1, cursor: 'pointer', maxWidth: '100%', textOverflow: 'ellipsis',
          '& option': { color: 'text.primary', bgcolor: 'background.paper' },
        }}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </Box>
      <Icon name="down" aria-hidden sx={{ position: 'absolute', right: 6, fontSize: 16, color: 'text.secondary', pointerEvents: 'none' }} />
    </Box>
  )
}
