import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { runReference } from './dialect/differential/reference.js'

const path = (file: string) => new URL(file, import.meta.url).pathname

/** Which Kysely the tests run with: `scripts` of package.json go through all that are supported. */
const kysely = process.env.KYSELY_PACKAGE ?? 'kysely'

const resolve = {
  alias: [
    { find: /^kysely-fokos\/engine$/, replacement: path('./engine/index.ts') },
    { find: /^kysely-fokos$/, replacement: path('./dialect/index.ts') },
    ...(kysely === 'kysely' ? [] : [{ find: /^kysely$/, replacement: kysely }]),
  ],
}

const differential = {
  DIFFERENTIAL_SEED: Number(process.env.DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 1_000_000)),
  DIFFERENTIAL_WORLDS: Number(process.env.DIFFERENTIAL_WORLDS ?? 40),
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    projects: [
      {
        resolve,
        test: {
          name: 'node',
          include: ['{dialect,engine,examples}/**/*.test.ts'],
          exclude: ['**/*.workers.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        resolve,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: differential,
              serviceBindings: {
                // Runs in Node, where there is SQLite to compare with.
                REFERENCE: async (request: { json(): Promise<unknown> }) =>
                  new Response(
                    await runReference((await request.json()) as Parameters<typeof runReference>[0]),
                  ) as never,
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['{dialect,engine,examples}/**/*.workers.test.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
