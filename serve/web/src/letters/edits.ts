import type { DeadLetterEdits } from '../api/generated'
import { readJson } from '../ui/readJson'

interface Texts {
  input: string
  step_input: string
}

const NAMES = { input: 'What the run was given', step_input: 'What the failed step was given' } as const

/** The edits that the texts make of what was given: only what differs, or what is wrong with one. */
export function editsOf(texts: Texts, given: Texts): { edits: DeadLetterEdits } | { fault: string } {
  const edits: DeadLetterEdits = {}
  for (const part of ['input', 'step_input'] as const) {
    const read = readJson(texts[part])
    if ('fault' in read) return { fault: `${NAMES[part]}: ${read.fault}` }
    if (JSON.stringify(read.value) !== JSON.stringify(JSON.parse(given[part]))) edits[part] = read.value
  }
  return { edits }
}
