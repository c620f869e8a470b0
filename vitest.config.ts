import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { runReference } from './dialect/differential/reference.js'
import { runnableSnippets } from './docs/snippets.js'

const path = (file: string) => new URL(file, import.meta.url).pathname

/** Which Kysely the tests run with: `scripts` of package.json go through all that are supported. */
const kysely = process.env.KYSELY_PACKAGE ?? 'kysely'

/** The engine does not know Kysely: one version is enough for it. */
const tested =
  kysely === 'kysely' ? ['dialect', 'engine', 'examples', 'docs'] : ['dialect', 'examples', 'docs']

const resolve = {
  alias: [
    { find: /^kysely-fokos\/engine$/, replacement: path('./engine/index.ts') },
    { find: /^kysely-fokos$/, replacement: path('./dialect/index.ts') },
    ...(kysely === 'kysely' ? [] : [{ find: /^kysely$/, replacement: kysely }]),
  ],
}

const differential = {
  DIFFERENTIAL_SEED: Number(process.env.DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 1_000_000)),
  DIFFERENTIAL_WORLDS: Number(process.env.DIFFERENTIAL_WORLDS ?? 44),
}

/** Runs tests in workerd, with the Durable Objects of a configuration. */
function inWorkerd(configPath: string, bindings: Record<string, number>) {
  return cloudflareTest({
    wrangler: { configPath },
    miniflare: {
      bindings,
      serviceBindings: {
        // Runs in Node, where there is SQLite to compare with.
        REFERENCE: async (request: { json(): Promise<unknown> }) =>
          new Response(
            await runReference((await request.json()) as Parameters<typeof runReference>[0]),
          ) as never,
      },
    },
  })
}

/** The snippets of the docs, as modules that a test can run. */
const snippets = {
  name: 'snippets',
  resolveId: (id: string) => (id.startsWith('virtual:snippet') ? path(`./docs/.${id.slice(8)}`) : undefined),
  load(id: string) {
    const [, name] = /docs\/\.(snippet.*)$/.exec(id) ?? []
    if (name === undefined) return undefined
    const { list, modules } = runnableSnippets()
    return name === 'snippets.ts' ? list : modules[Number.parseInt(name.slice(8), 10)]
  },
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    projects: [
      {
        resolve,
        test: {
          name: 'node',
          include: tested.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ['**/*.workers.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        resolve,
        plugins: [snippets, inWorkerd('./wrangler.toml', differential)],
        test: {
          name: 'workers',
          include: tested.map((folder) => `${folder}/**/*.workers.test.ts`),
          exclude: ['dialect/growing/**', 'dialect/validating/**'],
          testTimeout: 120_000,
        },
      },
      {
        resolve,
        plugins: [inWorkerd('./dialect/validating/wrangler.toml', {})],
        test: {
          name: 'validating',
          include: ['dialect/validating/*.workers.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        resolve,
        plugins: [
          inWorkerd('./dialect/growing/wrangler.toml', {
            ...differential,
            DIFFERENTIAL_WORLDS: 8,
            DIFFERENTIAL_ROOTS: 1,
          }),
        ],
        test: {
          name: 'growing',
          include: ['dialect/growing/*.workers.test.ts', 'dialect/differential/*.workers.test.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
