import { describe, expect, it } from 'vitest'

import { editsOf, sameJson } from './edits'

const given = { input: '{"n": 1}', step_input: 'null' }

describe('edits of a dead letter', () => {
  it('are only what differs from what was given', () => {
    expect(editsOf({ input: '{ "n": 1 }', step_input: '{"id": 7}' }, given)).toEqual({ edits: { step_input: { id: 7 } } })
    expect(editsOf(given, given)).toEqual({ edits: {} })
  })

  it('are nothing where only the writing differs', () => {
    expect(sameJson('{"n": 1}', '{\n "n": 1\n}')).toBe(true)
    expect(sameJson('{"n": 1}', '{"n": 2}')).toBe(false)
    expect(sameJson('{', '{')).toBe(true)
  })

  it('are refused where they are no JSON, and it is said where', () => {
    expect(editsOf({ input: '{"n": }', step_input: 'null' }, given)).toMatchObject({ fault: expect.stringMatching(/^What the run was given: /) as string })
  })
})
