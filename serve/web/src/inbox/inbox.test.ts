import { describe, expect, it } from 'vitest'

import type { Notification } from '../api/generated'
import { allRead, heldBack, inboxReducer, isUnread, merged, notificationArrived, notificationRead, type InboxState } from './inboxSlice'

function note(id: string, read_at: string | null = null): Notification {
  return { id, severity: 'info', title: id, body: '', link: null, run_id: null, created_at: `2026-01-01T00:00:0${id}Z`, read_at }
}

/** What the store sees when a page of the inbox was loaded. */
function page(items: Notification[], unread: number) {
  return {
    type: 'api/executeQuery/fulfilled', payload: { items, unread, next: null },
    meta: { requestStatus: 'fulfilled', requestId: 'r', arg: { endpointName: 'listNotifications', originalArgs: {} } },
  }
}

const run = (...actions: Parameters<typeof inboxReducer>[1][]): InboxState =>
  actions.reduce(inboxReducer, inboxReducer(undefined, { type: 'start' }))

describe('the unread count', () => {
  it('is what the server counts, and grows with each arrival', () => {
    expect(run(page([note('1')], 4)).unread).toBe(4)
    expect(run(page([note('1')], 4), notificationArrived(note('2'))).unread).toBe(5)
  })

  it('does not count an arrival twice', () => {
    expect(run(page([], 0), notificationArrived(note('2')), notificationArrived(note('2'))).unread).toBe(1)
  })

  it('keeps an arrival that a page was too early for', () => {
    expect(run(notificationArrived(note('2')), page([note('1')], 1)).unread).toBe(2)
    expect(run(notificationArrived(note('2')), page([note('2'), note('1')], 2)).unread).toBe(2)
  })

  it('follows what was read, here or elsewhere', () => {
    const at = '2026-01-01T00:01:00Z'
    const state = run(page([note('1')], 2), notificationRead({ id: '1', unread: 1, at }))
    expect(state.unread).toBe(1)
    expect(isUnread(note('1'), state)).toBe(false)
    expect(run(page([note('1')], 2), allRead({ at })).unread).toBe(0)
  })

  it('counts what comes after all was read', () => {
    const state = run(page([], 3), allRead({ at: '2026-01-01T00:00:05Z' }), notificationArrived(note('6')))
    expect(state.unread).toBe(1)
    expect([note('4'), note('6')].map((one) => isUnread(one, state))).toEqual([false, true])
  })
})

describe('the list', () => {
  const state = run(notificationArrived(note('3')), notificationArrived(note('4')))

  it('joins arrivals and page, newest first, each once', () => {
    expect(merged(state, [note('3'), note('1')]).map((one) => one.id)).toEqual(['4', '3', '1'])
  })

  it('holds back what came after the page, until it is wanted', () => {
    const all = merged(state, [note('3'), note('1')])
    expect(heldBack(all, '3', '')).toMatchObject({ newer: 1, rows: [{ id: '3' }, { id: '1' }] })
    expect(heldBack(all, '3', '4').rows).toHaveLength(3)
    expect(heldBack(merged(state, []), '', '').newer).toBe(0)
  })
})
