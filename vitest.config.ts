import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const alias = {
  'kysely-fokos/engine': new URL('./engine/index.ts', import.meta.url).pathname,
  'kysely-fokos': new URL('./dialect/index.ts', import.meta.url).pathname,
}

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'node',
          include: ['{dialect,engine,examples}/**/*.test.ts'],
          exclude: ['**/*.workers.test.ts'],
        },
      },
      {
        resolve: { alias },
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: { name: 'workers', include: ['{dialect,engine,examples}/**/*.workers.test.ts'] },
      },
    ],
  },
})
