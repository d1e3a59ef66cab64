import type { JournalEntry } from '../api/generated'

export type StepStatus = 'running' | 'completed' | 'faulted' | 'cancelled' | 'skipped'

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
const DETAILS = ['request', 'with', 'items', 'until', 'then', 'caught', 'deadline'] as const

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
    status: 'running', startedAt: entry.at, endedAt: null, details: {}, retries: [], entries: [],
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
  if ('error' in data) step.error = data.error
  const end = ENDS[type]
  if (end !== undefined) {
    step.status = end
    step.endedAt = at
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** What kind of task it is, as far as its entries show. */
export function kindOf(step: Step): string | undefined {
  if (step.details.request !== undefined) {
    return isRecord(step.details.request) && 'model' in step.details.request ? 'predict' : 'http'
  }
  if (step.details.with !== undefined) return isRecord(step.details.with) && 'title' in step.details.with ? 'notify' : 'emit'
  if (step.details.until !== undefined) return 'wait'
  if (step.details.items !== undefined) return 'for'
  return undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
