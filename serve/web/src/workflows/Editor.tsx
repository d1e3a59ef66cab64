import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { unifiedMergeView } from '@codemirror/merge'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import Box from '@mui/material/Box'
import { useEffect, useRef, type KeyboardEvent } from 'react'

import { cspNonce } from '../app/cspNonce'
import type { DefinitionFault } from '../api/generated'
import { editorColors, editorTheme } from './editorTheme'

interface EditorProps {
  label: string
  text: string
  language: 'yaml' | 'json'
  readOnly?: boolean
  faults?: DefinitionFault[]
  /** Shows what changed since this text. */
  before?: string | undefined
  height?: number | string
  onChange?: (text: string) => void
  onSave?: () => void
}

/** A text editor with the faults on their lines. Tab leaves it after Escape, as everywhere on a page. */
export default function Editor(props: EditorProps) {
  const { label, text, language, readOnly = false, faults = [], before, height = 520 } = props
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const escaped = useRef(false)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    if (place.current === null) return
    const extensions = [common(label, language), before === undefined ? [] : unifiedMergeView({ original: before, mergeControls: false })]
    const own = readOnly ? [EditorState.readOnly.of(true)] : editing(latest)
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: latest.current.text, extensions: [extensions, own] }),
    })
    view.current = made
    return () => made.destroy()
  }, [label, language, readOnly, before])

  // Text that comes from elsewhere, such as another version, replaces what is there.
  useEffect(() => {
    const current = view.current
    if (current !== null && current.state.doc.toString() !== text) {
      current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } })
    }
  }, [text])

  useEffect(() => {
    const current = view.current
    if (current !== null) current.dispatch(setDiagnostics(current.state, faults.map((fault) => diagnosticOf(current, fault))))
  }, [faults, before, readOnly])

  // Escape sets Tab free; in a dialog, only the second one closes it.
  function hold(event: KeyboardEvent) {
    if (!readOnly && event.key === 'Escape' && !escaped.current) event.stopPropagation()
    escaped.current = event.key === 'Escape'
  }

  return <Box ref={place} onKeyDown={hold} data-testid="editor" sx={{ height, border: 1, borderColor: 'divider', borderRadius: 1, overflow: 'hidden', bgcolor: 'background.paper' }} />
}

function common(label: string, language: 'yaml' | 'json'): Extension {
  return [
    EditorView.cspNonce.of(cspNonce()),
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    EditorView.lineWrapping,
    lineNumbers(), foldGutter(), drawSelection(), bracketMatching(), highlightSelectionMatches(),
    language === 'yaml' ? yaml() : json(),
    syntaxHighlighting(editorColors), editorTheme,
    keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
  ]
}

function editing(latest: { current: EditorProps }): Extension {
  return [
    history(), indentOnInput(), indentUnit.of('  '), highlightActiveLine(), highlightActiveLineGutter(), lintGutter(),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange?.(update.state.doc.toString())
    }),
    keymap.of([
      { key: 'Mod-s', preventDefault: true, run: () => (latest.current.onSave?.(), true) },
      { key: 'Tab', run: indentMore, shift: indentLess },
      ...lintKeymap, ...historyKeymap,
    ]),
  ]
}

/** From the fault to the end of its line; faults without a line are at the first one. */
function diagnosticOf(view: EditorView, fault: DefinitionFault): Diagnostic {
  const { doc } = view.state
  const line = doc.line(Math.min(Math.max(1, fault.line ?? 1), doc.lines))
  const from = Math.min(line.to, line.from + Math.max(0, (fault.column ?? 1) - 1))
  return { from, to: Math.max(from, line.to), severity: 'error', message: fault.pointer ? `${fault.pointer}: ${fault.detail}` : fault.detail }
}
