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
 * @throws when one of the bug's texts is not in its file exactly once: the file has changed, and the bug with it.
 */
export async function plant(bug: PlantedBug, outfile: string): Promise<Simulator> {
  const replacements = [bug, ...(bug.and ?? [])]
  const left = new Set(replacements)
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
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const here = replacements.filter(({ file }) => ENGINE + file === path)
            if (here.length === 0) return undefined
            let contents = readFileSync(path, 'utf8')
            for (const replacement of here) {
              const { file, find, replace } = replacement
              if (contents.split(find).length !== 2)
                throw new Error(`"${bug.name}": ${file} does not hold its text exactly once`)
              contents = contents.replace(find, () => replace)
              left.delete(replacement)
            }
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  for (const { file } of left) throw new Error(`"${bug.name}": the simulator does not use ${file}`)
  return (await import(/* @vite-ignore */ outfile)) as Simulator
}
