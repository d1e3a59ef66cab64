import { describe, expect, it } from 'vitest'

import type { JournalEntry } from '../api/generated'
import { eachOf, type Progress } from './many'
import { placesOf, placeText } from './places'
import { whereOf, whereText } from './where'
import { ruleText } from './WhyItWaits'

function entry(seq: number, type: JournalEntry['type'], task: string, path: number[] = []): JournalEntry {
  return { seq, type, task, path, data: {}, at: '2026-01-01T00:00:00Z' } as JournalEntry
}

describe('steps to run again from', () => {
  it('are those that were begun, each once, with the turns of their loops', () => {
    const entries = [
      entry(1, 'run.started', ''), entry(2, 'task.started', '/do/0/load'), entry(3, 'task.completed', '/do/0/load'),
      entry(4, 'task.started', '/do/1/each/for/do/0/charge', [0]), entry(5, 'task.started', '/do/1/each/for/do/0/charge', [1]),
      entry(6, 'task.started', '/do/1/each/for/do/0/charge', [1]), entry(7, 'task.skipped', '/do/2/tell'),
    ]
    expect(placesOf(entries).map(placeText)).toEqual(['load', 'charge [0]', 'charge [1]'])
  })
})

describe('a filter that many runs are named by', () => {
  it('is never empty: that would be every run', () => {
    expect(whereOf({})).toBeUndefined()
    expect(whereOf({ status: '', q: undefined })).toBeUndefined()
  })

  it('keeps what names runs, and nothing else', () => {
    expect(whereOf({ status: 'faulted', namespace: 'ops', name: 'late', tab: 'runs' })).toEqual({ status: 'faulted', namespace: 'ops', name: 'late' })
  })

  it('reads as words', () => {
    expect(whereText({ status: 'faulted', namespace: 'ops', name: 'late', q: 'UA 15' })).toBe('faulted runs of ops/late with “UA 15”')
    expect(whereText({ namespace: 'ops' }, 'dead letters')).toBe('dead letters in ops')
  })
})

describe('an action on many', () => {
  it('goes on after a failure, and tells why it failed', async () => {
    const told: Progress[] = []
    const end = await eachOf(['a', 'b', 'c'], (id) => Promise.resolve(id === 'b' ? 'never begun' : undefined), (one) => told.push(one))
    expect(end).toEqual({ total: 3, done: 2, failed: [{ id: 'b', reason: 'never begun' }] })
    expect(told.map((one) => one.done + one.failed.length)).toEqual([0, 1, 2, 3])
  })
})

describe('the rule that holds a run back', () => {
  it('is told in words', () => {
    expect(ruleText({ kind: 'concurrency', limit: 3 })).toBe('at most 3 at a time')
    expect(ruleText({ kind: 'throttle', limit: 10, period: 60 })).toBe('at most 10 in 60 seconds')
    expect(ruleText({ kind: 'singleton' })).toBe('only one at a time')
  })
})
