import Box from '@mui/material/Box'
import IconButton from '@mui/material/IconButton'
import { useMemo, useState, type ReactNode } from 'react'

import { MONO } from '../app/theme'
import { Icon } from './Icon'

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const MOST = 20_000

function coloured(text: string): ReactNode[] {
  const parts: ReactNode[] = []
  let end = 0
  for (const found of text.matchAll(TOKENS)) {
    parts.push(text.slice(end, found.index))
    const name = found[2] !== undefined
    const color = name ? 'primary.main' : found[1] !== undefined ? 'success.main' : 'warning.main'
    const body = name ? (found[1] ?? '') : found[0]
    parts.push(
      <Box component="span" key={found.index} sx={{ color }}>
        {body}
      </Box>,
      found[2] ?? '',
    )
    end = found.index + found[0].length
  }
  parts.push(text.slice(end))
  return parts
}

/** A JSON value as text, with a button to copy it. */
export function JsonView({ value, label, maxHeight = 320 }: { value: unknown; label: string; maxHeight?: number }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value])
  const shown = useMemo(() => (text.length > MOST ? [text.slice(0, MOST), '\n…'] : coloured(text)), [text])
  return (
    <Box sx={{ position: 'relative', minWidth: 0 }}>
      <Box
        component="pre"
        tabIndex={0}
        role="region"
        aria-label={label}
        sx={{
          m: 0, p: 3, pr: 10, maxHeight, overflow: 'auto', bgcolor: 'background.default', borderRadius: 1, border: 1,
          borderColor: 'divider', fontFamily: MONO, fontSize: '0.75rem', lineHeight: 1.6, whiteSpace: 'pre-wrap',
          overflowWrap: 'anywhere',
        }}
      >
        {shown}
      </Box>
      <Box sx={{ position: 'absolute', top: 4, right: 4 }}>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </Box>
    </Box>
  )
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false)
  async function copy() {
    await navigator.clipboard.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), 1500)
  }
  return (
    <IconButton title={done ? 'Copied' : label} aria-label={label} onClick={() => void copy()}>
        <Icon name={done ? 'check' : 'copy'} sx={{ fontSize: 16 }} />
      </IconButton>
  )
}
