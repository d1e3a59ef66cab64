import { describe, expect, it } from 'vitest'

import type { JournalEntry } from '../api/generated'
import { isLater, latestRuns, newerRuns, runsHeard, runsReducer, withNews, type RunNews } from './runsSlice'
import { depthOf, kindOf, mergeEntries, nameOf, notesOf, stepsOf } from './timeline'

function run(id: string, status: RunNews['status'], last_seq: number, name = 'w'): RunNews {
  return {
    id, status, last_seq, workflow: { namespace: 'n', name, version: '1.0.0' }, created_at: '2026-01-01T00:00:00Z',
    started_at: last_seq > 0 ? '2026-01-01T00:00:01Z' : null, ended_at: null, error: null,
  }
}

const heard = (...runs: RunNews[]) => runsReducer(undefined, runsHeard(runs))

describe('news of runs', () => {
  it('never take a run back', () => {
    expect(isLater(run('1', 'running', 3), run('1', 'running', 4))).toBe(false)
    expect(isLater(run('1', 'waiting', 9), run('1', 'completed', 8))).toBe(false)
    expect(heard(run('1', 'completed', 8), run('1', 'running', 2)).news['1']?.status).toBe('completed')
  })

  it('bring a page up to date in place', () => {
    const state = heard(run('2', 'faulted', 5))
    const page = [run('2', 'running', 2), run('1', 'running', 2)]
    expect(page.map((one) => withNews(one, state.news).status)).toEqual(['faulted', 'running'])
  })

  it('do not slip new runs into what is being read', () => {
    const page = [run('5', 'running', 2), run('4', 'running', 2)]
    const state = heard(run('3', 'running', 2), run('5', 'completed', 3), run('6', 'pending', 0), run('7', 'completed', 3, 'other'))
    expect(newerRuns(state, page, {}).map((one) => one.id)).toEqual(['7', '6'])
    expect(newerRuns(state, page, { name: 'other' }).map((one) => one.id)).toEqual(['7'])
    expect(newerRuns(state, page, { status: 'pending' }).map((one) => one.id)).toEqual(['6'])
  })

  it('and a page together give the latest, newest first', () => {
    const state = heard(run('6', 'completed', 3), run('4', 'completed', 3))
    const latest = latestRuns(state, [run('5', 'running', 1), run('4', 'running', 1)], 2)
    expect(latest.map((one) => [one.id, one.status])).toEqual([['6', 'completed'], ['5', 'running']])
  })

  it('are kept for the last 500 runs', () => {
    const state = heard(...Array.from({ length: 600 }, (_, index) => run(`${1000 + index}`, 'running', 1)))
    expect(Object.keys(state.news)).toHaveLength(500)
    expect(state.news['1000']).toBeUndefined()
  })
})

function entry(seq: number, type: string, task: string, data: Record<string, unknown> = {}, path: number[] = []): JournalEntry {
  return { seq, type: type as JournalEntry['type'], task, path, data, at: `2026-01-01T00:00:${String(seq).padStart(2, '0')}Z` }
}

describe('the timeline', () => {
  it('joins what belongs to one step', () => {
    const [step] = stepsOf([
      entry(1, 'run.started', ''),
      entry(2, 'task.started', '/do/0/tell', { input: { a: 1 }, with: { title: 'x' } }),
      entry(3, 'task.completed', '/do/0/tell', { output: { b: 2 } }),
    ])
    expect(step).toMatchObject({ name: 'tell', status: 'completed', input: { a: 1 }, output: { b: 2 } })
    expect(step && kindOf(step)).toBe('notify')
    expect(step?.endedAt).toBe('2026-01-01T00:00:03Z')
  })

  it('keeps retries with their step, and a retried step running', () => {
    const error = { type: 'e', status: 500 }
    const steps = stepsOf([
      entry(1, 'task.started', '/do/0/t', { input: {} }),
      entry(2, 'task.started', '/do/0/t/try/0/call', { input: {}, request: {} }),
      entry(3, 'task.faulted', '/do/0/t/try/0/call', { error }),
      entry(4, 'task.retried', '/do/0/t', { error, attempt: 2 }),
      entry(5, 'task.started', '/do/0/t/try/0/call', { input: {}, request: {} }),
    ])
    expect(steps.map((step) => [step.name, step.depth, step.status, step.retries.length])).toEqual([
      ['t', 0, 'running', 1], ['call', 1, 'faulted', 0], ['call', 1, 'running', 0],
    ])
  })

  it('tells visits of a loop apart by their path', () => {
    const task = '/do/0/each/for/do/0/one'
    const steps = stepsOf([
      entry(1, 'task.started', task, {}, [0]), entry(2, 'task.started', task, {}, [1]),
      entry(3, 'task.completed', task, { output: 'b' }, [1]), entry(4, 'task.completed', task, { output: 'a' }, [0]),
    ])
    expect(steps.map((step) => step.output)).toEqual(['a', 'b'])
  })

  it('shows a skipped task as a step of its own', () => {
    expect(stepsOf([entry(1, 'task.skipped', '/do/0/x', { input: 1 })])[0]?.status).toBe('skipped')
  })

  it('merges pages that overlap', () => {
    const [a, b, c] = [entry(1, 'task.started', '/a'), entry(2, 'task.completed', '/a'), entry(3, 'task.started', '/b')]
    expect(mergeEntries([a, b] as JournalEntry[], [b, c] as JournalEntry[]).map((one) => one.seq)).toEqual([1, 2, 3])
  })

  it('reads the pointers of tasks', () => {
    expect(nameOf('/do/0/a~1b')).toBe('a/b')
    expect(depthOf('/do/1/loop/for/do/0/step')).toBe(1)
  })
})

describe('what befell a run', () => {
  const entry = (seq: number, type: JournalEntry['type'], data: Record<string, unknown> = {}, task = ''): JournalEntry =>
    ({ seq, type, task, path: [], data, at: `2026-01-01T00:00:0${seq}Z` }) as JournalEntry

  it('is told in words, in order', () => {
    const entries = [
      entry(1, 'run.started'), entry(2, 'run.suspended', { reason: 'the bank is closed' }), entry(3, 'run.resumed'),
      entry(4, 'run.signalled', { event: { type: 'dev.tidewire.signal.go' } }), entry(5, 'run.moved', { version: '1.1.0' }),
      entry(6, 'run.move_refused', { version: '2.0.0', reason: 'no such step' }),
    ]
    expect(notesOf(entries).map((note) => note.text)).toEqual([
      'Paused: the bank is closed', 'Resumed', 'Signal go', 'Moved to version 1.1.0', 'Could not move to version 2.0.0: no such step',
    ])
  })

  it('shows a step that may or may not have happened, until somebody knows', () => {
    const lost = [entry(1, 'task.started', {}, '/do/0/charge'), entry(2, 'task.outcome_unknown', { policy: 'person', error: { title: 'lost' } }, '/do/0/charge')]
    expect(stepsOf(lost)[0]).toMatchObject({ status: 'unknown', unknown: [{ policy: 'person' }] })
    expect(stepsOf(lost)[0]?.error).toBeUndefined()
    const told = [...lost, entry(3, 'task.outcome_decided', { happened: true }, '/do/0/charge'), entry(4, 'task.completed', {}, '/do/0/charge')]
    expect(stepsOf(told)[0]).toMatchObject({ status: 'completed' })
  })

  it('shows a step that is done again as under way', () => {
    const again = [entry(1, 'task.started', {}, '/do/0/charge'), entry(2, 'task.outcome_unknown', { policy: 'retry' }, '/do/0/charge')]
    expect(stepsOf(again)[0]).toMatchObject({ status: 'running', unknown: [{ policy: 'retry' }] })
  })
})
