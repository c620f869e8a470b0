import { InvalidRequestError } from '../../errors.js'
import type { GrowthEvent } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import type { TreeShape } from '../forest.js'
import { pathText, rangeRootOf, rootName } from '../partition-name.js'
import { readName } from './read-name.js'

/** The longest hash key that any settings allow. */
const MAX_HASH_KEY_BYTES = 16_384
/** A sort key has at most 1,024, and what lies just behind it one more. */
const MAX_BOUNDARY_BYTES = 1_025

/** An event that was looked at, as it is kept. */
export type KeptEvent =
  | { readonly kind: 'split'; readonly path: readonly number[] }
  | { readonly kind: 'promotion'; readonly hashKey: Uint8Array }
  | {
      readonly kind: 'rangeSplit'
      readonly hashKey: Uint8Array
      /** The path, as partitions' names have it. */
      readonly steps: string
      readonly boundary: Uint8Array
    }

/**
 * Looks at an event that somebody else tells.
 *
 * @param database its name, as it is given and not as partitions' names hold it.
 * @throws {InvalidRequestError} when it cannot have happened in this database.
 */
export function readEvent(event: GrowthEvent, database: string, shape: TreeShape): KeptEvent {
  switch (event?.kind) {
    case 'split': {
      const { kind, path } = readName(event.partition, database, shape)
      if (kind !== 'hash') throw new InvalidRequestError(`${event.partition} is not a hash partition`)
      return { kind: 'split', path }
    }
    case 'promotion':
      return { kind: 'promotion', hashKey: checkBytes('a hash key', event.hashKey, MAX_HASH_KEY_BYTES) }
    case 'rangeSplit': {
      const hashKey = checkBytes('a hash key', event.hashKey, MAX_HASH_KEY_BYTES)
      const boundary = checkBytes('a boundary', event.boundary, MAX_BOUNDARY_BYTES)
      const { path } = readName(event.partition, database, shape)
      if (!isOf(event.partition, rangeRootOf(rootName(database, 0), hashKey))) {
        throw new InvalidRequestError(`${event.partition} is not a range partition of its hash key`)
      }
      return { kind: 'rangeSplit', hashKey, steps: pathText(path), boundary }
    }
    default:
      throw new InvalidRequestError(
        'a tree grows by splits, promotions and range splits: this is something else',
      )
  }
}

function isOf(partition: PartitionName, root: PartitionName): boolean {
  return partition === root || partition.startsWith(`${root}/`)
}

function checkBytes(what: string, bytes: unknown, most: number): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length <= most) return bytes
  throw new InvalidRequestError(`${what} has at most ${most} bytes`)
}
