import react from '@vitejs/plugin-react'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const packed = /\.(js|css|svg|webmanifest)$/

/** Puts .br and .gz beside every file that gets smaller by them: the server sends those to browsers that take them. */
function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!packed.test(name)) continue
        const body = readFileSync(join(dir, name))
        if (body.length < 1024) continue
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(body, { params }))
        writeFileSync(join(dir, `${name}.gz`), gzipSync(body, { level: 9 }))
      }
    },
  }
}

// During `npm run dev` the API of a running Tidewire answers; TIDEWIRE_URL tells where it is.
const backend = process.env.TIDEWIRE_URL ?? 'http://127.0.0.1:8080'
// The cookie counts only where host and origin are the same.
const proxied = { target: backend, changeOrigin: false }

export default defineConfig({
  plugins: [react(), compress()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: {
    proxy: {
      '/v1': proxied,
      '/v2': proxied,
      '/connection': { ...proxied, ws: true },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
