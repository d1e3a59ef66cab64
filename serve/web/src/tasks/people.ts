import type { Assignee, TaskAnswerer, TaskStatus } from '../api/generated'
import type { IconName } from '../ui/Icon'

/** Whom a task is with, in words. */
export function assigneeText({ user, role }: Assignee): string {
  return user ?? (role ? `everyone who is ${role}` : 'nobody')
}

/** Who did something to a task; nobody: the engine did. */
export function answererText(by: TaskAnswerer | null): string {
  if (by === null) return 'Tidewire'
  return by.user ?? (by.link ? `${by.link}, by a link` : 'somebody')
}

export const TASK_STATUSES: Record<TaskStatus, { icon: IconName; color: string }> = {
  open: { icon: 'clock', color: 'primary.main' },
  answered: { icon: 'check', color: 'success.main' },
  expired: { icon: 'alert', color: 'error.main' },
  cancelled: { icon: 'stop', color: 'text.secondary' },
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

/** How long there is left, in milliseconds, roughly: in 3 d, in 4 h, in 12 min. */
export function leftText(ms: number): string {
  if (ms <= 0) return 'now'
  for (const [unit, length] of UNITS) if (ms >= length) return `in ${Math.floor(ms / length)} ${unit}`
  return 'in < 1 min'
}
