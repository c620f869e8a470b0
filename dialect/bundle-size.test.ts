import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import type { Options } from 'tsup'
import { describe, expect, it } from 'vitest'
import { MARKS } from '../engine/mark.js'
import tsup from '../tsup.config.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What the package's own build asks of esbuild. */
const asPublished: BuildOptions = {}
const [library] = tsup as Options[]
library?.esbuildOptions?.(asPublished, { format: 'esm' })

/** Bytes of a Worker, minified and compressed, as wrangler would upload it. */
async function bundleSize(source: string): Promise<number> {
  return gzipSync(await bundle(source), { level: 9 }).length
}

async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    alias: { 'kysely-fokos': `${root}dialect/index.ts`, 'kysely-fokos/engine': `${root}engine/index.ts` },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['cloudflare:workers'],
    ...asPublished,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

describe('the size that is added to a Worker', () => {
  it('is at most 48 KB for the dialect, where Kysely is already', async () => {
    const kysely = await bundleSize(`export { Kysely } from 'kysely'`)
    const both = await bundleSize(
      `export { Kysely } from 'kysely'; export { defineDatabase, FokosDialect, table } from 'kysely-fokos'`,
    )
    console.log(`dialect: ${both - kysely} bytes, minified and compressed`)
    expect(both - kysely).toBeLessThanOrEqual(48 * 1_024)
  })

  it('is at most 88 KB for a Worker’s dialect and Durable Objects together', async () => {
    const kysely = await bundleSize(`export { Kysely } from 'kysely'`)
    const worker = await bundleSize(`
      import { Kysely } from 'kysely'
      import { defineDatabase, table } from 'kysely-fokos'
      import { durableObjects } from 'kysely-fokos/engine'
      const database = defineDatabase({ tables: { travellers: table()({ hashKey: 'id' }) } })
      export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)
      export default {
        async fetch(_request, env) {
          const db = new Kysely({ dialect: new database.FokosDialect(env) })
          return Response.json(await db.selectFrom('travellers').selectAll().where('id', '=', 'ann').execute())
        },
      }`)
    console.log(`a whole Worker: ${worker - kysely} bytes, minified and compressed`)
    expect(worker - kysely).toBeLessThanOrEqual(88 * 1_024)
  })

  it('is at most 74 KB for the engine', async () => {
    const engine = await bundleSize(`export * from 'kysely-fokos/engine'`)
    console.log(`engine: ${engine} bytes, minified and compressed`)
    expect(engine).toBeLessThanOrEqual(74 * 1_024)
  })
})

describe('the marks of rare paths', () => {
  it('are not in what is published', async () => {
    const published = await bundle(`export * from 'kysely-fokos/engine'; export * from 'kysely-fokos'`)
    expect(published).toContain('this must hold and does not')
    for (const mark of MARKS) expect(published).not.toContain(mark)
  })
})
