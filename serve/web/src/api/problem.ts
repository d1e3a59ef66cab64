/** One thing wrong: `pointer` (RFC 6901) into the body, or into what `in` names. */
export interface ProblemError {
  pointer: string
  detail: string
  in?: string | null
  line?: number | null
  column?: number | null
}

/** An error as RFC 9457 has it. `status` 0: there was no answer. */
export interface Problem {
  status: number
  title: string
  detail: string
  errors: ProblemError[]
  requestId?: string
  /** The end of its type, such as `step-up-required`. */
  kind?: string
  /** By what a person can step up. */
  factors?: string[]
}

export const NO_ANSWER: Problem = {
  status: 0,
  title: 'No answer',
  detail: 'Tidewire cannot be reached. Check that it runs and that you are online; this page tries again by itself.',
  errors: [],
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The problem in an answer, or one made up from its status. */
export function readProblem(status: number, body: unknown): Problem {
  if (!isRecord(body) || typeof body.title !== 'string') {
    return { status, title: `Error ${status}`, detail: 'The answer was not understood.', errors: [] }
  }
  const errors = Array.isArray(body.errors) ? (body.errors as ProblemError[]) : []
  const problem: Problem = { status, title: body.title, detail: String(body.detail ?? ''), errors }
  if (typeof body.request_id === 'string') problem.requestId = body.request_id
  if (typeof body.type === 'string') problem.kind = body.type.replace(/^.*:/, '')
  if (Array.isArray(body.factors)) problem.factors = body.factors.map(String)
  return problem
}

export function isProblem(value: unknown): value is Problem {
  return isRecord(value) && typeof value.status === 'number' && typeof value.title === 'string'
}

/** What any caught error is to a reader. */
export function problemOf(error: unknown): Problem | undefined {
  if (error === undefined || error === null) return undefined
  if (isProblem(error)) return error
  const detail = isRecord(error) && typeof error.message === 'string' ? error.message : String(error)
  return { status: 0, title: 'Unexpected error', detail, errors: [] }
}

/** The faults that belong to a field of a form, as one text. */
export function faultsAt(problem: Problem | undefined, pointer: string): string | undefined {
  const found = problem?.errors.filter((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`)) ?? []
  return found.length > 0 ? found.map((one) => one.detail).join('; ') : undefined
}
