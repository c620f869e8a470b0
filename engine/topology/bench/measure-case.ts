import type { Millis } from '../../ports.js'
import { SeededRandom } from '../../simulation/seeded-random.js'
import { decodeFilter, encodeFilter } from '../encode-filter.js'
import { decodeForest, encodeForest } from '../encode-forest.js'
import { Forest, type TreeShape } from '../forest.js'
import { PromotedFilter } from '../promoted-filter.js'
import { type Growth, growTree } from './grown-tree.js'
import { FIRST_KEYS, hashKeyOf, hashKeys } from './hash-keys.js'
import { type Hints, lookUp, noHints } from './hints.js'
import { countHops, type HopsReport } from './hops.js'
import { bytesKept } from './memory.js'
import { drawRequests } from './requests.js'
import { medianMillis, ratePerSecond } from './timing.js'

/** What is built: a tree of about so many hash partitions, and so many promoted hash keys. */
export interface BenchCase {
  readonly growth: Growth
  readonly partitions: number
  readonly promoted: number
}

/** How thoroughly it is measured. */
export interface Thoroughness {
  readonly repetitions: number
  /** Of a round of look-ups, at least. */
  readonly round: Millis
  /** For how many different requests. */
  readonly requests: number
  /** Hash keys that are not promoted, of which the filter takes some for promoted. */
  readonly others: number
}

/** What was measured. Durations and rates are medians. */
export interface CaseReport {
  readonly shape: Growth
  readonly partitions: number
  readonly promoted: number
  /** Of the deepest hash partition, a root being 1. */
  readonly depth: number
  /** Of the forest: as published, and as its typed arrays hold it in a client. */
  readonly encodedBytes: number
  readonly clientBytes: number
  /** By how much a client's memory really grows; nothing without `--expose-gc`. */
  readonly measuredBytes: number | undefined
  readonly buildMillis: Millis
  readonly splitMillis: Millis
  readonly decodeMillis: Millis
  /** From a hash key to its owner's path, with a question to the filter if any keys are promoted. */
  readonly lookupsPerSecond: number
  readonly filterBytes: number
  readonly filterBuildMillis: Millis
  readonly filterDecodeMillis: Millis
  readonly falsePositiveRate: number
  /** By what a client knows: all, what was true when half of the tree was there, nothing. */
  readonly hops: Record<'current' | 'half' | 'none', ClientHops>
}

/** By what partitions know. */
export interface ClientHops {
  readonly children: HopsReport
  readonly snapshot: HopsReport
}

const SEED = 1
/** Copies that are kept to see how large one is: as many as come to so many bytes, within bounds. */
const KEPT_BYTES = 20_000_000
const MOST_KEPT = 2_000
/** A split is short, and differs by where it is. */
const SPLITS_PER_REPETITION = 10

/** Builds a case and measures it. The same case is the same tree every time. */
export function measureCase(
  { growth, partitions, promoted }: BenchCase,
  shape: TreeShape,
  { repetitions, round, requests: count, others }: Thoroughness,
): CaseReport {
  const random = new SeededRandom(SEED)
  const { splits, hotKeys } = growTree(growth, shape, partitions, random.fork('tree'))
  const requests = drawRequests(count, promoted, hotKeys, random.fork('requests'))
  const promotedKeys = hashKeys(FIRST_KEYS.promoted, promoted)
  const hintsAt = (share: number): Hints => {
    const keys = promotedKeys.slice(0, Math.floor(promoted * share))
    return {
      forest: Forest.fromSplits(shape, splits.slice(0, Math.floor(splits.length * share))),
      promoted: PromotedFilter.of(keys, keys.length),
    }
  }
  const built = hintsAt(1)
  const forestBytes = encodeForest(built.forest, 1)
  const filterBytes = encodeFilter(built.promoted, 1)
  // What a client has: read, not built.
  const tree = {
    forest: decodeForest(forestBytes).forest,
    promoted: decodeFilter(filterBytes).filter,
  }
  const leaves = requests.map(({ hashKey }) => tree.forest.leafOf(hashKey))
  const copies = Math.min(MOST_KEPT, Math.ceil(KEPT_BYTES / tree.forest.memoryBytes))
  const falsePositives = Array.from({ length: others }, (_, i) => hashKeyOf(FIRST_KEYS.other + i)).filter(
    (hashKey) => tree.promoted.mayHold(hashKey),
  )
  const hopsFor = (client: Hints): ClientHops => ({
    children: countHops(requests, tree, client, 'children'),
    snapshot: countHops(requests, tree, client, 'snapshot'),
  })
  return {
    shape: growth,
    partitions: tree.forest.partitions,
    promoted,
    depth: splits.reduce((deepest, { length }) => Math.max(deepest, length + 1), 1),
    encodedBytes: forestBytes.length,
    clientBytes: tree.forest.memoryBytes,
    measuredBytes: bytesKept(copies, () => decodeForest(forestBytes).forest),
    buildMillis: medianMillis(repetitions, () => Forest.fromSplits(shape, splits)),
    splitMillis: medianMillis(repetitions * SPLITS_PER_REPETITION, (i) =>
      tree.forest.split(leaves[i % leaves.length] as number[]),
    ),
    decodeMillis: medianMillis(repetitions, () => decodeForest(forestBytes)),
    lookupsPerSecond: ratePerSecond(repetitions, round, requests, ({ hashKey }) => lookUp(tree, hashKey)),
    filterBytes: filterBytes.length,
    filterBuildMillis: medianMillis(repetitions, () => PromotedFilter.of(promotedKeys, promoted)),
    filterDecodeMillis: medianMillis(repetitions, () => decodeFilter(filterBytes)),
    falsePositiveRate: falsePositives.length / others,
    hops: { current: hopsFor(tree), half: hopsFor(hintsAt(0.5)), none: hopsFor(noHints(shape)) },
  }
}
