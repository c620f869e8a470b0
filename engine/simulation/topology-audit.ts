import { sameBytes } from '../keys/compare-bytes.js'
import { keyText } from '../keys/key-text.js'
import { type GrowthEvent, type PinnedSettings, REQUEST_VERSION } from '../operations.js'
import { encodeFilter } from '../topology/encode-filter.js'
import { encodeForest } from '../topology/encode-forest.js'
import { encodeRangeIndex } from '../topology/encode-range-index.js'
import { Forest } from '../topology/forest.js'
import { placeOf } from '../topology/partition-name.js'
import { PromotedFilter } from '../topology/promoted-filter.js'
import { RangeIndex } from '../topology/range-index.js'
import { openSnapshot, type SnapshotKind } from '../topology/snapshot.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from '../topology/snapshot-keys.js'
import { describeKey } from './describe.js'
import type { Anomaly } from './judge/history.js'
import { keeperOver } from './topology-place.js'
import type { Tree } from './tree-audit.js'
import type { World } from './world.js'

/** What there is to be published, and where. */
export interface Publication {
  readonly world: World
  readonly database: string
  readonly settings: PinnedSettings
  /** As storage says now. */
  readonly tree: () => Tree
}

/**
 * When nothing goes wrong any more, and nothing is under way: what is published is the tree, as partitions' tables
 * have it; and it is the same when the keeper has asked them all.
 */
export async function auditTopology(publication: Publication): Promise<Anomaly[]> {
  const { world, database, settings, tree } = publication
  const told = wrongWith(publication, tree().grown).map((what) => `by what the keeper was told, ${what}`)
  const worker = world.worker('operator')
  const keeper = keeperOver(world.peersOf(worker, 0), database)
  const rebuilding = keeper.call({ version: REQUEST_VERSION, settings, operation: { kind: 'rebuild' } })
  await world.scheduler.run(() => false)
  const { ok } = await rebuilding
  const asked = ok ? wrongWith(publication, tree().grown) : ['it refuses to ask']
  return [...told, ...asked.map((what) => `when the keeper has asked everybody, ${what}`)].map(
    (description) => ({
      name: 'broken storage',
      description,
      transactions: [],
      keys: [],
    }),
  )
}

/** How what was published last differs from the tree. */
function wrongWith({ world, database, settings }: Publication, grown: readonly GrowthEvent[]): string[] {
  const splits = grown.flatMap((event) => (event.kind === 'split' ? [placeOf(event.partition).path] : []))
  const promoted = [
    ...new Map(
      grown.flatMap((event) => (event.kind === 'promotion' ? [[keyText(event.hashKey), event.hashKey]] : [])),
    ).values(),
  ]
  const wrong: string[] = []
  const compare = (what: string, kind: SnapshotKind, key: string, expected: Uint8Array, grew: boolean) => {
    const published = world.cache.last(key)
    if (published === undefined) {
      if (grew) wrong.push(`${what} is not published`)
    } else if (!sameBytes(openSnapshot(kind, published).body, openSnapshot(kind, expected).body)) {
      wrong.push(`${what} is not what is published`)
    }
  }
  const forest = Forest.fromSplits(settings, splits)
  compare('the forest', 'forest', forestSnapshotKey(database), encodeForest(forest, 0), splits.length > 0)
  const filter = PromotedFilter.of(promoted, promoted.length)
  compare(
    'who is promoted',
    'promoted',
    promotedSnapshotKey(database),
    encodeFilter(filter, 0),
    promoted.length > 0,
  )
  for (const hashKey of promoted) {
    const ofHashKey = grown.flatMap((event) =>
      event.kind === 'rangeSplit' && sameBytes(event.hashKey, hashKey)
        ? [{ path: placeOf(event.partition).path, boundary: event.boundary }]
        : [],
    )
    const index = encodeRangeIndex(RangeIndex.fromSplits(hashKey, ofHashKey), 0)
    const what = `the ranges of ${describeKey(hashKey, new Uint8Array())}`
    compare(what, 'range', rangeSnapshotKey(database, hashKey), index, true)
  }
  return wrong
}
