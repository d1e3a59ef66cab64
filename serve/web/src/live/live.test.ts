import { describe, expect, it, vi } from 'vitest'

import { batched } from './batched'
import { pushUrl } from './connect'
import { channelBack, liveConnected, liveConnecting, liveFailed, liveReducer, type LiveState } from './liveSlice'
import { nextStep } from './recovery'

const run = (...actions: Parameters<typeof liveReducer>[1][]): LiveState =>
  actions.reduce(liveReducer, liveReducer(undefined, { type: 'start' }))

describe('what to do when a channel is there', () => {
  it('loads the first time', () => {
    expect(nextStep({ wasRecovering: false, recovered: false }, true)).toBe('load')
  })
  it('does nothing more when all that was missed came', () => {
    expect(nextStep({ wasRecovering: true, recovered: true }, false)).toBe('caught-up')
  })
  it('reloads when it could not be recovered', () => {
    expect(nextStep({ wasRecovering: true, recovered: false }, false)).toBe('reload')
  })
  it('reloads when it comes back without having tried to recover', () => {
    expect(nextStep({ wasRecovering: false, recovered: false }, false)).toBe('reload')
  })
})

describe('the connection', () => {
  it('is not called lost before it was there', () => {
    expect(run(liveConnecting({ at: 1 })).status).toBe('connecting')
    expect(run(liveConnecting({ at: 1 }), liveFailed({ at: 2 }))).toMatchObject({ status: 'lost', lostAt: 2 })
  })

  it('remembers when it was lost, through all the tries', () => {
    const state = run(liveConnecting({ at: 1 }), liveConnected(), liveConnecting({ at: 5 }), liveFailed({ at: 9 }))
    expect(state).toMatchObject({ status: 'lost', lostAt: 5 })
  })

  it('tells how much was caught up, over all channels', () => {
    const state = run(
      liveConnecting({ at: 1 }), liveConnected(), liveConnecting({ at: 5 }), liveConnected(),
      channelBack({ next: 'caught-up', missed: 2 }), channelBack({ next: 'caught-up', missed: 3 }),
    )
    expect(state).toMatchObject({ status: 'connected', lostAt: undefined, outcome: 'caught-up', caughtUp: 5 })
  })

  it('does not claim to have caught up when one channel had to be reloaded', () => {
    const both = [channelBack({ next: 'reload', missed: 0 }), channelBack({ next: 'caught-up', missed: 3 })]
    expect(run(...both).outcome).toBe('reload')
    expect(run(...both.reverse()).outcome).toBe('reload')
  })

  it('has nothing to tell after the first start', () => {
    expect(run(channelBack({ next: 'load', missed: 0 })).outcome).toBeUndefined()
  })
})

describe('batches', () => {
  it('hands on together what came within the time', () => {
    const flush = vi.fn()
    const timers: (() => void)[] = []
    const later = ((done: () => void) => timers.push(done)) as unknown as typeof setTimeout
    const batch = batched<number>(250, flush, later)
    batch.add(1)
    batch.add(2, 3)
    expect(flush).not.toHaveBeenCalled()
    timers.shift()?.()
    expect(flush).toHaveBeenCalledExactlyOnceWith([1, 2, 3])
    batch.add(4)
    timers.shift()?.()
    expect(flush).toHaveBeenLastCalledWith([4])
  })
})

describe('the address of the push gateway', () => {
  it('is that of the page', () => {
    expect(pushUrl({ protocol: 'https:', host: 'a.example' })).toBe('wss://a.example/connection/websocket')
    expect(pushUrl({ protocol: 'http:', host: '127.0.0.1:8080' })).toBe('ws://127.0.0.1:8080/connection/websocket')
  })
})
