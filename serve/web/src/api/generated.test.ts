import { describe, expect, it } from 'vitest'

import config from '../../codegen/config.cjs?raw'
import openapi from '../../openapi.json?raw'
import generated from './generated.ts?raw'

const document = JSON.parse(openapi) as { paths: Record<string, Record<string, unknown>> }

/** The addresses of the generated endpoints, with the names of their parameters left out, and their methods. */
function endpoints(): string[] {
  const found = [...generated.matchAll(/url: `([^`]+)`(?:,\s*method: "([A-Z]+)")?/g)]
  return found.map(([, url = '', method = 'GET']) => `${method} ${url.replace(/\$\{[^}]*(?:\([^}]*\))?[^}]*\}/g, '{}')}`)
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('the generated API', () => {
  it('is made from the OpenAPI document as it is, and not by hand; if not, run `make client`', async () => {
    const [, text = '', digest] = /^(.*)\/\/ sha256 (\w+)\n$/s.exec(generated) ?? []
    expect(digest).toBe(await sha256(openapi + config + text))
  })

  it('has only routes that the OpenAPI document has', () => {
    const known = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`),
    )
    expect(endpoints().length).toBeGreaterThan(30)
    expect(endpoints().filter((one) => !known.includes(one))).toEqual([])
  })
})
