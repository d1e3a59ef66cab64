import type { SampleData } from '../api/generated'
import { readJson } from '../ui/readJson'

/** A sample out of two texts, or what is wrong with one. */
export function sampleOf(input: string, outputs: string): { data: SampleData } | { fault: string } {
  const read = readJson(input)
  if ('fault' in read) return { fault: `The input is not JSON: ${read.fault}` }
  const answers = readJson(outputs)
  if ('fault' in answers) return { fault: `What calls answer is not JSON: ${answers.fault}` }
  if (typeof answers.value !== 'object' || answers.value === null || Array.isArray(answers.value)) {
    return { fault: 'What calls answer is an object: the pointer of a task, and what its call answers.' }
  }
  const strange = Object.keys(answers.value).find((pointer) => !pointer.startsWith('/'))
  if (strange !== undefined) return { fault: `“${strange}” is no pointer of a task: it begins with a slash, such as /do/0/charge.` }
  return { data: { input: read.value, outputs: answers.value as Record<string, unknown> } }
}
