import { describe, expect, it } from 'vitest'

import openapi from '../../openapi.json?raw'
import generated from './generated.ts?raw'

const document = JSON.parse(openapi) as { paths: Record<string, Record<string, unknown>> }

/** The addresses of the generated endpoints, with the names of their parameters left out, and their methods. */
function endpoints(): string[] {
  const found = [...generated.matchAll(/url: `([^`]+)`(?:,\s*method: "([A-Z]+)")?/g)]
  return found.map(([, url = '', method = 'GET']) => `${method} ${url.replace(/\$\{[^}]*(?:\([^}]*\))?[^}]*\}/g, '{}')}`)
}

describe('the generated API', () => {
  it('has only routes that the OpenAPI document has; if not, run `npm run generate` in codegen/', () => {
    const known = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`),
    )
    expect(endpoints().length).toBeGreaterThan(30)
    expect(endpoints().filter((one) => !known.includes(one))).toEqual([])
  })
})
