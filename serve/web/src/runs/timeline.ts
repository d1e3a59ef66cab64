import type { JournalEntry } from '../api/generated'

export type StepStatus = 'running' | 'unknown' | 'completed' | 'faulted' | 'cancelled' | 'skipped'

/** One try of a task, or one visit in a loop: what the journal says from its start to its end. */
export interface Step {
  key: string
  task: string
  name: string
  path: number[]
  depth: number
  status: StepStatus
  startedAt: string
  endedAt: string | null
  input?: unknown
  output?: unknown
  error?: unknown
  /** What was asked for: the request of a call, what a notification says, until when it waits. */
  details: Record<string, unknown>
  retries: Retry[]
  /** When nobody knew whether it had happened, and what followed: retry, verify, person or stop. */
  unknown: { at: string; policy: string }[]
  entries: JournalEntry[]
}

export interface Retry {
  at: string
  attempt: number
  error: unknown
  next: string | null
}

const ENDS: Record<string, StepStatus> = {
  'task.completed': 'completed',
  'task.faulted': 'faulted',
  'task.cancelled': 'cancelled',
  'task.skipped': 'skipped',
}
const DETAILS = ['request', 'ask', 'script', 'listen', 'event', 'run', 'with', 'items', 'until', 'then', 'caught', 'deadline'] as const

/** The last name in the pointer of a task: `/do/0/setRed` -> setRed. */
export function nameOf(task: string): string {
  const last = task.split('/').at(-1) ?? ''
  return last.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** How many tasks a task is inside of: `/do/1/loop/for/do/0/step` is inside of one. */
export function depthOf(task: string): number {
  return Math.max(0, task.split('/').filter((part) => /^\d+$/.test(part)).length - 1)
}

/** Entries without repetition and in order: pages may overlap. */
export function mergeEntries(known: readonly JournalEntry[], more: readonly JournalEntry[]): JournalEntry[] {
  const bySeq = new Map([...known, ...more].map((entry) => [entry.seq, entry]))
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq)
}

/** The steps of a run in the order they started. */
export function stepsOf(entries: readonly JournalEntry[]): Step[] {
  const steps: Step[] = []
  const open = new Map<string, Step>()
  for (const entry of entries) {
    if (entry.task === '') continue
    const place = `${entry.task}|${entry.path.join('.')}`
    let step = open.get(place)
    if (step === undefined || entry.type === 'task.started') {
      step = newStep(entry)
      steps.push(step)
      open.set(place, step)
    }
    takeIn(step, entry)
    if (ENDS[entry.type] !== undefined && entry.type !== 'task.faulted') open.delete(place)
  }
  return steps
}

function newStep(entry: JournalEntry): Step {
  return {
    key: `${entry.seq}`, task: entry.task, name: nameOf(entry.task), path: entry.path, depth: depthOf(entry.task),
    status: 'running', startedAt: entry.at, endedAt: null, details: {}, retries: [], unknown: [], entries: [],
  }
}

function takeIn(step: Step, entry: JournalEntry): void {
  const { data, type, at } = entry
  step.entries.push(entry)
  if ('input' in data) step.input = data.input
  if ('output' in data) step.output = data.output
  for (const name of DETAILS) if (name in data) step.details[name] = data[name]
  if (type === 'task.retried') {
    step.retries.push({ at, attempt: Number(data.attempt ?? step.retries.length + 2), error: data.error, next: textOf(data.at) })
    step.status = 'running'
    step.endedAt = null
    return
  }
  if (type === 'task.outcome_unknown') {
    step.unknown.push({ at, policy: String(data.policy) })
    if (data.policy === 'person' || data.policy === 'verify') step.status = 'unknown'
  }
  if (type === 'task.outcome_decided') step.status = 'running'
  if ('error' in data && type !== 'task.outcome_unknown') step.error = data.error
  const end = ENDS[type]
  if (end !== undefined) {
    step.status = end
    step.endedAt = at
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Something that was done to a run as a whole, or that befell it. */
export interface Note {
  seq: number
  at: string
  text: string
}

const NOTES: Record<string, (data: Record<string, unknown>) => string> = {
  'run.suspended': ({ reason }) => (reason ? `Paused: ${String(reason)}` : 'Paused'),
  'run.resumed': () => 'Resumed',
  'run.signalled': ({ event }) => `Signal ${isRecord(event) ? String(event.type).replace('dev.tidewire.signal.', '') : ''}`.trim(),
  'run.cancelling': () => 'Cancelling: work that has to be done in the end is done',
  'run.moved': ({ version }) => `Moved to version ${String(version)}`,
  'run.move_refused': ({ version, reason }) => `Could not move to version ${String(version)}${reason ? `: ${String(reason)}` : ''}`,
  'run.edited': () => 'Begins with what was edited',
}

/** What was done to the run as a whole, oldest first. */
export function notesOf(entries: readonly JournalEntry[]): Note[] {
  return entries.flatMap(({ seq, at, type, data }) => {
    const told = NOTES[type]
    return told === undefined ? [] : [{ seq, at, text: told(data) }]
  })
}

/** What kind of task it is, as far as its entries show. */
export function kindOf(step: Step): string | undefined {
  if (step.details.request !== undefined) {
    return isRecord(step.details.request) && 'model' in step.details.request ? 'predict' : 'http'
  }
  if (step.details.with !== undefined) return isRecord(step.details.with) && 'title' in step.details.with ? 'notify' : 'emit'
  if (step.details.ask !== undefined) return 'approval'
  if (step.details.until !== undefined) return 'wait'
  if (step.details.items !== undefined) return 'for'
  return undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
