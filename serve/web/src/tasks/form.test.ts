import { describe, expect, it } from 'vitest'

import { dataOf, fieldsOf, initialValues } from './form'
import { answererText, assigneeText, leftText } from './people'

const schema = {
  type: 'object',
  required: ['amount', 'currency'],
  properties: {
    amount: { type: 'number', title: 'Amount', minimum: 0, maximum: 500 },
    count: { type: 'integer' },
    currency: { enum: ['EUR', 'USD'], default: 'EUR' },
    level: { enum: [1, 2] },
    urgent: { type: 'boolean', default: true },
    day: { type: 'string', format: 'date' },
    reason: { type: 'string', maxLength: 2000, description: 'Who reads it will thank you.' },
  },
}

describe('a form out of a JSON Schema', () => {
  const fields = fieldsOf(schema) ?? []

  it('has a field for each property', () => {
    expect(fields.map((one) => [one.name, one.kind, one.required])).toEqual([
      ['amount', 'number', true], ['count', 'integer', false], ['currency', 'choice', true], ['level', 'choice', false],
      ['urgent', 'boolean', false], ['day', 'date', false], ['reason', 'long', false],
    ])
    expect(fields[0]).toMatchObject({ label: 'Amount', bounds: { min: 0, max: 500 } })
    expect(fields[6]?.help).toBe('Who reads it will thank you.')
  })

  it('begins with the defaults', () => {
    expect(initialValues(fields)).toMatchObject({ amount: '', currency: 'EUR', urgent: true })
  })

  it('sends numbers as numbers and leaves out what is empty', () => {
    const values = { ...initialValues(fields), amount: '12.5', count: '', level: '2', day: '2026-11-25' }
    expect(dataOf(fields, values)).toEqual({ amount: 12.5, currency: 'EUR', level: 2, urgent: true, day: '2026-11-25' })
  })

  it('leaves it to the server to refuse what is no number', () => {
    expect(dataOf(fields, { amount: '12,5' })).toEqual({ amount: '12,5' })
  })

  it('is not made of lists and objects in objects', () => {
    expect(fieldsOf({ type: 'object', properties: { tags: { type: 'array' } } })).toBeUndefined()
    expect(fieldsOf({ type: 'object', properties: { to: { type: 'object', properties: {} } } })).toBeUndefined()
    expect(fieldsOf({ type: 'array' })).toBeUndefined()
    expect(fieldsOf({ oneOf: [] })).toBeUndefined()
  })

  it('has no field where no data is asked for', () => {
    expect(fieldsOf(null)).toEqual([])
  })
})

describe('people and times of a task', () => {
  it('are told in words', () => {
    expect([assigneeText({ user: 'a@b.c' }), assigneeText({ role: 'admin' })]).toEqual(['a@b.c', 'everyone who is admin'])
    expect([answererText({ link: 'Ada' }), answererText({ user: 'a@b.c' }), answererText(null)]).toEqual(['Ada, by a link', 'a@b.c', 'Tidewire'])
  })

  it('are rough: nobody needs the seconds', () => {
    expect([-1, 30_000, 720_000, 14_399_000, 300_000_000].map(leftText)).toEqual(['now', 'in < 1 min', 'in 12 min', 'in 3 h', 'in 3 d'])
  })
})
