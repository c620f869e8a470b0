import { cutParts, type Picture } from '../changes/cut-part.js'
import { type Interval, intersect, isEmpty } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import type {
  PartitionOperation,
  PartitionTransact,
  PinnedSettings,
  Span,
  TransactionPart,
} from '../operations.js'
import type { PartitionName, Peers } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import { childIndex, childOf, parentOf, placeOf, rangeRootOf } from '../topology/partition-name.js'
import type { SeededRandom } from './seeded-random.js'
import { SORTS } from './workloads/operation.js'

/** How often a request goes astray, of those times that a transaction is cut. */
const ASTRAY = 0.3

export interface OlderPicture {
  readonly random: SeededRandom
  /** That a transaction is cut, or goes astray; the same when it is sent again. */
  readonly chance: number
  readonly settings: PinnedSettings
  /** Told when one is. */
  readonly note: (what: string) => void
}

/**
 * The peers of a Worker whose picture of the tree is older than the partitions', newer, or a wrong guess.
 *
 * - A request goes to a partition above the one that it should go to, or to one below it that may not be there.
 * - A transaction is cut into more parts than there are partitions. Some of them then belong to the home itself, and
 *   whoever is named beside them need not be who has them.
 */
export function withOlderPicture(peers: Peers, picture: OlderPicture): Peers {
  return {
    call(partition, request) {
      const { operation } = request
      const { chance, note } = picture
      const random = picture.random.fork('token' in operation ? operation.token : picture.random.token())
      const hashKeys = hashKeysOf(operation)
      const to =
        hashKeys.length > 0 && random.chance(chance * ASTRAY)
          ? random.pick(nearby(partition, hashKeys, picture.settings))
          : partition
      if (to !== partition) note(`${operation.kind} for ${partition} goes to ${to}`)
      if (operation.kind !== 'transact' || !random.chance(chance)) return peers.call(to, request)
      const cut = cutTransaction(partition, operation, picture, random)
      if (cut.others.length > operation.others.length) note('cuts a transaction')
      return peers.call(to, { ...request, operation: cut })
    },
  }
}

/** The partition itself, those above it, and those right below it that keys of the request might be in. */
function nearby(
  partition: PartitionName,
  hashKeys: readonly Uint8Array[],
  { roots, fanout }: PinnedSettings,
): PartitionName[] {
  const [hashKey] = hashKeys as [Uint8Array]
  const found: PartitionName[] = []
  let above: PartitionName | undefined = partition
  for (; above !== undefined; above = parentOf(above, hashKey, roots)) found.push(above)
  const { kind, path } = placeOf(partition)
  if (kind === 'range') return found
  const children = hashKeys.map((key) => childIndex(key, path.length, fanout))
  const [child] = children as [number]
  if (children.every((each) => each === child)) found.push(childOf(partition, child))
  if (hashKeys.length === 1) found.push(rangeRootOf(partition, hashKey))
  return found
}

/** Those of all keys that a request is about; none, if it is about no keys. */
function hashKeysOf(operation: PartitionOperation): Uint8Array[] {
  const keys = [...keysOf(operation)]
  return [...new Map(keys.map((key) => [key.join(), key])).values()]
}

function keysOf(operation: PartitionOperation): readonly Uint8Array[] {
  switch (operation.kind) {
    case 'get':
    case 'locate':
      return [operation.key.hashKey]
    case 'query':
      return [operation.hashKey]
    case 'batchGet':
      return operation.keys.map(({ hashKey }) => hashKey)
    case 'write':
      return operation.changes.map(({ key }) => key.hashKey)
    case 'validate':
      return keysOfPart({ seen: operation.seen, changes: [] })
    case 'transact':
      // Its home is the partition of its first change.
      return operation.part.changes.slice(0, 1).map(({ change }) => change.key.hashKey)
    default:
      return []
  }
}

function keysOfPart({ seen, changes }: TransactionPart): Uint8Array[] {
  return [
    ...changes.map(({ change }) => change.key.hashKey),
    ...seen.items.map(({ key }) => key.hashKey),
    ...seen.intervals.map(({ hashKey }) => hashKey),
  ]
}

function cutTransaction(
  home: PartitionName,
  operation: PartitionTransact,
  { settings }: OlderPicture,
  random: SeededRandom,
): PartitionTransact {
  let cuts = operation.cuts ?? []
  const cut = (part: TransactionPart): TransactionPart[] => {
    const anew = cutParts([part], new Imagined(random.fork('boundaries'), random.chance(0.5)), cuts)
    cuts = anew.cuts
    return [...anew.parts.values()]
  }
  // The part of the first change is the first.
  const [first, ...strangers] = cut(operation.part) as [TransactionPart, ...TransactionPart[]]
  const address = (partition: PartitionName, part: TransactionPart) => ({
    partition: random.chance(0.3) ? random.pick(nearby(partition, keysOfPart(part), settings)) : partition,
    part,
  })
  const others = [
    ...strangers.map((part) => address(home, part)),
    ...operation.others.flatMap(({ partition, part }) => cut(part).map((piece) => address(partition, piece))),
  ]
  return { ...operation, part: first, others, ...(cuts.length > 0 ? { cuts } : undefined) }
}

/** A picture in which each hash key lies elsewhere, some of them together, and some are divided. */
class Imagined implements Picture {
  readonly #random: SeededRandom
  readonly #divides: boolean

  constructor(random: SeededRandom, divides: boolean) {
    this.#random = random
    this.#divides = divides
  }

  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName {
    const pieces = this.piecesOf({ hashKey, interval: { from: sortKey, to: EVERYTHING.to } })
    return (pieces[0] as { partition: PartitionName }).partition
  }

  piecesOf({ hashKey, interval }: Span): { partition: PartitionName; interval: Interval }[] {
    const random = this.#random.fork(hashKey.join())
    const name = `imagined/h/${random.below(3)}` as PartitionName
    const bounds = this.#divides && random.chance(0.7) ? [random.below(SORTS), random.below(SORTS)] : []
    const places = [EVERYTHING.from, ...bounds.sort((a, b) => a - b).map((sort) => encodeKey([sort]))]
    return places.flatMap((from, i) => {
      const piece = intersect({ from, to: places[i + 1] ?? EVERYTHING.to }, interval)
      const partition = (i === 0 ? name : `imagined/r/${hashKey.join('-')}/${i}`) as PartitionName
      return isEmpty(piece) ? [] : [{ partition, interval: piece }]
    })
  }
}
