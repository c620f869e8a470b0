import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

// What `npm run simulate` starts. Node runs no TypeScript of several files, so it is made one file first.
const folder = mkdtempSync(join(tmpdir(), 'fokos-simulate-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const outfile = join(folder, 'command.mjs')
await build({
  entryPoints: [fileURLToPath(new URL('./command.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
})
await import(pathToFileURL(outfile).href)
