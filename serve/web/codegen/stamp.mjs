/** Ends the generated client with a digest of it and of what it was made from: src/api/generated.test.ts compares. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const CLIENT = '../src/api/generated.ts'

const text = readFileSync(CLIENT, 'utf8')
const whole = readFileSync('../openapi.json', 'utf8') + readFileSync('config.cjs', 'utf8') + text
writeFileSync(CLIENT, `${text}// sha256 ${createHash('sha256').update(whole).digest('hex')}\n`)
