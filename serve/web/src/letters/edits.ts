import type { DeadLetterEdits } from '../api/generated'
import { readJson } from '../ui/readJson'

interface Texts {
  input: string
  step_input: string
}

const NAMES = { input: 'What the run was given', step_input: 'What the failed step was given' } as const

/** Whether two texts are the same JSON, or the same text where one is no JSON. */
export function sameJson(one: string, other: string): boolean {
  const [first, second] = [readJson(one), readJson(other)]
  return 'fault' in first || 'fault' in second ? one === other : JSON.stringify(first.value) === JSON.stringify(second.value)
}

/** The edits that the texts make of what was given: only what differs, or what is wrong with one. */
export function editsOf(texts: Texts, given: Texts): { edits: DeadLetterEdits } | { fault: string } {
  const edits: DeadLetterEdits = {}
  for (const part of ['input', 'step_input'] as const) {
    const read = readJson(texts[part])
    if ('fault' in read) return { fault: `${NAMES[part]}: ${read.fault}` }
    if (!sameJson(texts[part], given[part])) edits[part] = read.value
  }
  return { edits }
}
