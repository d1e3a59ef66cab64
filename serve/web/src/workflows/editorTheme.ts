import { HighlightStyle } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

import { MONO } from '../app/theme'

/** The editor in the colours of the page, which change with the scheme by themselves. */
export const editorTheme = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--mui-palette-text-primary)', height: '100%' },
  '&.cm-focused': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: MONO, lineHeight: '1.6', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--mui-palette-primary-main)' },
  '.cm-cursor': { borderLeftColor: 'var(--mui-palette-primary-main)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--mui-palette-text-secondary)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'rgba(var(--mui-palette-primary-mainChannel) / 0.06)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'rgba(var(--mui-palette-primary-mainChannel) / 0.2)',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--mui-palette-background-paper)', color: 'var(--mui-palette-text-primary)',
    borderColor: 'var(--mui-palette-divider)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--mui-palette-error-main)' },
  '.cm-changedLine': { backgroundColor: 'rgba(var(--mui-palette-success-mainChannel) / 0.12) !important' },
  '.cm-deletedChunk': { backgroundColor: 'rgba(var(--mui-palette-error-mainChannel) / 0.12) !important' },
})

export const editorColors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--mui-palette-primary-main)' },
  { tag: [tags.string, tags.content], color: 'var(--mui-palette-text-primary)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--mui-palette-warning-main)' },
  { tag: tags.comment, color: 'var(--mui-palette-text-secondary)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator], color: 'var(--mui-palette-text-secondary)' },
])
