import type { JournalEntry } from '../api/generated'
import { nameOf } from '../runs/timeline'

/** A step that a run can be run again from. */
export interface StepPlace {
  task: string
  path: number[]
}

export function keyOf({ task, path }: StepPlace): string {
  return `${task}|${path.join('.')}`
}

/** The steps that a run has begun, each once, in the order they were begun. */
export function placesOf(entries: readonly JournalEntry[]): StepPlace[] {
  const found = new Map<string, StepPlace>()
  for (const { type, task, path } of entries) {
    if (type === 'task.started' && !found.has(keyOf({ task, path }))) found.set(keyOf({ task, path }), { task, path })
  }
  return [...found.values()]
}

/** Its name, with the turns of the loops around it. */
export function placeText({ task, path }: StepPlace): string {
  return path.length === 0 ? nameOf(task) : `${nameOf(task)} [${path.join('.')}]`
}
