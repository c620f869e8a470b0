import type { SeededRandom } from '../../simulation/seeded-random.js'
import type { TreeShape } from '../forest.js'
import { childIndex } from '../partition-name.js'
import { FIRST_KEYS, hashKeys } from './hash-keys.js'

/**
 * How a tree grows.
 *
 * - `uniform`: all hash keys are wanted alike, so that a level splits before any of the next one does.
 * - `skewed`: some are hot, and each time the partition of one of those splits: long ways down, beside roots that have
 *   hardly grown. It is the tree of these keys' hashes, as a database could have it.
 */
export const GROWTHS = ['uniform', 'skewed'] as const
export type Growth = (typeof GROWTHS)[number]

/** A tree of hash partitions that has grown. */
export interface GrownTree {
  /** Paths, in the order in which they have split. */
  readonly splits: readonly (readonly number[])[]
  /** What made it grow, if not everything did. */
  readonly hotKeys: readonly Uint8Array[]
}

/** So hot that it would split a partition this far down, a hash key would be promoted. */
const DEEPEST = 24
/** Splits for each hot key: with many more, there would be nothing left that they may split. */
const SPLITS_PER_HOT_KEY = 8

/** Lets a tree grow until it has so many partitions, or a few more: each split makes several. */
export function growTree(
  growth: Growth,
  shape: TreeShape,
  partitions: number,
  random: SeededRandom,
): GrownTree {
  const count = Math.max(0, Math.ceil((partitions - shape.roots) / shape.fanout))
  if (growth === 'uniform') return { splits: evenSplits(shape, count, random), hotKeys: [] }
  const hotKeys = hashKeys(FIRST_KEYS.hot, Math.ceil(count / SPLITS_PER_HOT_KEY) + 1)
  return { splits: hotSplits(shape, count, hotKeys, random), hotKeys }
}

function evenSplits({ roots, fanout }: TreeShape, count: number, random: SeededRandom): number[][] {
  const splits: number[][] = []
  let level = Array.from({ length: roots }, (_, root) => [root])
  while (splits.length < count) {
    shuffle(level, random)
    const left = count - splits.length
    for (const path of level.slice(0, left)) splits.push(path)
    level = level.flatMap((path) => Array.from({ length: fanout }, (_, child) => [...path, child]))
  }
  return splits
}

function hotSplits(
  { roots, fanout }: TreeShape,
  count: number,
  hotKeys: readonly Uint8Array[],
  random: SeededRandom,
): number[][] {
  const splits: number[][] = []
  // Partitions by numbers; the first child of each, or 0.
  const firstChildren = new Array<number>(roots).fill(0)
  while (splits.length < count) {
    // The first ones are hotter than the last.
    const hashKey = hotKeys[Math.floor(hotKeys.length * random.fraction() ** 2)] as Uint8Array
    let partition = childIndex(hashKey, 0, roots)
    const path = [partition]
    while (firstChildren[partition] !== 0) {
      const child = childIndex(hashKey, path.length, fanout)
      partition = (firstChildren[partition] as number) + child
      path.push(child)
    }
    if (path.length >= DEEPEST) continue
    firstChildren[partition] = firstChildren.length
    for (let child = 0; child < fanout; child++) firstChildren.push(0)
    splits.push(path)
  }
  return splits
}

function shuffle<T>(list: T[], random: SeededRandom): void {
  for (let last = list.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const moved = list[last] as T
    list[last] = list[other] as T
    list[other] = moved
  }
}
