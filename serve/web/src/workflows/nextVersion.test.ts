import { describe, expect, it } from 'vitest'

import { nextVersion } from './nextVersion'

describe('the next version', () => {
  it('is raised in the document, however it is quoted', () => {
    expect(nextVersion("document:\n  version: '1.0.9'\n", '1.0.9')).toBe("document:\n  version: '1.0.10'\n")
    expect(nextVersion('document:\n  version: 1.2.3\ndo: []\n', '1.2.3')).toBe('document:\n  version: 1.2.4\ndo: []\n')
    expect(nextVersion('{\n  "version": "1.2.3",\n}', '1.2.3')).toBe('{\n  "version": "1.2.4",\n}')
  })
  it('leaves everything else alone', () => {
    expect(nextVersion('document:\n  version: 1.0.0-beta\n', '1.0.0-beta')).toBe('document:\n  version: 1.0.0-beta\n')
    expect(nextVersion('  uses: 1.2.3\n', '1.2.3')).toBe('  uses: 1.2.3\n')
  })
})
