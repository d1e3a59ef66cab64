import { describe, expect, it } from 'vitest'

import { sampleOf } from './sample'

describe('a sample', () => {
  it('is an input, and what calls answer by pointer', () => {
    expect(sampleOf('{"n": 1}', '{"/do/0/charge": 3}')).toEqual({ data: { input: { n: 1 }, outputs: { '/do/0/charge': 3 } } })
  })

  it('tells what is wrong with which text', () => {
    expect(sampleOf('{', '{}')).toMatchObject({ fault: expect.stringContaining('The input is not JSON') as string })
    expect(sampleOf('{}', '[]')).toMatchObject({ fault: expect.stringContaining('is an object') as string })
    expect(sampleOf('{}', '{"charge": 1}')).toMatchObject({ fault: expect.stringContaining('begins with a slash') as string })
  })
})
