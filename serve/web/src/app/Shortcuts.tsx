import Box from '@mui/material/Box'
import Dialog from '@mui/material/Dialog'
import DialogContent from '@mui/material/DialogContent'
import DialogTitle from '@mui/material/DialogTitle'
import { useEffect, useRef, useState } from 'react'

import { useNavigate } from '../router'
import { MONO } from './theme'
import { PLACES } from './navigation'

const AFTER_G_MS = 1500

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Keys that work everywhere but while typing: g and a letter to go, / to search, ? for help. */
export function Shortcuts() {
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const pressedG = useRef(0)

  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const after = Date.now() - pressedG.current < AFTER_G_MS
      pressedG.current = event.key === 'g' ? Date.now() : 0
      const place = after ? PLACES.find((one) => one.key === event.key) : undefined
      if (place !== undefined) {
        event.preventDefault()
        void navigate(place.to)
      } else if (event.key === '?') {
        setOpen(true)
      } else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('input[type="search"]')
        if (field !== null) {
          event.preventDefault()
          field.focus()
        }
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate])

  return (
    <Dialog open={open} onClose={() => setOpen(false)} maxWidth="xs" aria-labelledby="keys">
      <DialogTitle id="keys" sx={{ fontSize: '1rem', fontWeight: 650 }}>
        Keys
      </DialogTitle>
      <DialogContent>
        <Box component="dl" sx={{ display: 'grid', gridTemplateColumns: 'max-content 1fr', gap: 2, columnGap: 6, m: 0, fontSize: '0.875rem' }}>
          {PLACES.map((place) => (
            <Key key={place.key} keys={['g', place.key]} what={`Go to ${place.label.toLowerCase()}`} />
          ))}
          <Key keys={['/']} what="Search the list" />
          <Key keys={['←', '→']} what="Move through a chart" />
          <Key keys={['Ctrl', 's']} what="Save, in the editor" />
          <Key keys={['Esc', 'Tab']} what="Leave the editor" />
          <Key keys={['?']} what="Show this" />
        </Box>
      </DialogContent>
    </Dialog>
  )
}

function Key({ keys, what }: { keys: string[]; what: string }) {
  return (
    <>
      <Box component="dt" sx={{ display: 'flex', gap: 1 }}>
        {keys.map((key) => (
          <Box component="kbd" key={key} sx={{ fontFamily: MONO, fontSize: '0.75rem', px: 1.5, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.default' }}>
            {key}
          </Box>
        ))}
      </Box>
      <Box component="dd" sx={{ m: 0 }}>
        {what}
      </Box>
    </>
  )
}
