import { defineConfig } from 'tsup'

export default defineConfig([
  {
    entry: { index: 'dialect/index.ts', engine: 'engine/index.ts' },
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    // What both entries share must be one module: an error's class is the same from either.
    splitting: true,
    external: ['cloudflare:workers'],
    dts: true,
    sourcemap: true,
    clean: true,
    esbuildOptions(options) {
      // Marks are for the simulator: engine/mark.ts.
      options.dropLabels = ['MARK']
    },
  },
  // The command is for Node, and nothing that a Worker carries imports it.
  {
    entry: { cli: 'dialect/check/cli.ts' },
    format: 'esm',
    target: 'node20',
    platform: 'node',
    external: ['kysely', 'typescript'],
    esbuildOptions(options) {
      options.dropLabels = ['MARK']
    },
  },
])
