import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { runCampaign } from '../campaign.js'
import type { PlantedBug } from './bank.js'

const ENGINE = fileURLToPath(new URL('../../', import.meta.url))

/** The simulator, as {@link plant} gives it back. */
export interface Simulator {
  readonly runCampaign: typeof runCampaign
}

/**
 * Bundles the simulator with a bug in it, and loads it. The product itself knows nothing of this: no switch,
 * no flag, and nothing that a build could leave on.
 *
 * @throws when the bug's text is not in its file exactly once: the file has changed, and the bug with it.
 */
export async function plant({ name, file, find, replace }: PlantedBug, outfile: string): Promise<Simulator> {
  const path = ENGINE + file
  const source = readFileSync(path, 'utf8')
  if (source.split(find).length !== 2)
    throw new Error(`"${name}": ${file} does not hold its text exactly once`)
  let planted = false
  await build({
    entryPoints: [`${ENGINE}simulation/campaign.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    plugins: [
      {
        name: 'planted bug',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, (loaded) => {
            if (loaded.path !== path) return undefined
            planted = true
            return { contents: source.replace(find, () => replace), loader: 'ts' }
          })
        },
      },
    ],
  })
  if (!planted) throw new Error(`"${name}": the simulator does not use ${file}`)
  return (await import(/* @vite-ignore */ outfile)) as Simulator
}
