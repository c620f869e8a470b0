import type { ErrorReport } from './errors.js'
import type { Assignment, Expression, Projection } from './expressions/expression.js'
import type { Interval } from './keys/interval.js'
import type { ItemText } from './values/item-text.js'

/*
 * The contract between the two halves: what may be asked of the store, and what it answers. Everything here is
 * plain data that survives a structured clone, so that it can go over RPC, into a log or into a test as it is.
 */

/** Where an item is: both parts are compared as bytes. */
export interface ItemKey {
  readonly hashKey: Uint8Array
  readonly sortKey: Uint8Array
}

/** An item's version: when it was written, by its partition's hybrid clock. Rises with every write. */
export type Version = number

/** What reads have in common. Without a projection, the whole item is answered. */
export interface Reading {
  /** Only items that it holds for are answered. */
  readonly filter?: Expression
  readonly projection?: Projection
}

/** One item. */
export interface GetOperation extends Reading {
  readonly kind: 'get'
  readonly key: ItemKey
}

/** Several items, each wherever it is. No key stands twice. */
export interface BatchGetOperation extends Reading {
  readonly kind: 'batchGet'
  readonly keys: readonly ItemKey[]
  readonly order: Order
  /** At least 1. Counts items that pass the filter. */
  readonly limit?: number
}

/** The items of one hash key in an interval of sort keys. */
export interface Span {
  readonly hashKey: Uint8Array
  readonly interval: Interval
}

/** Ordered intervals of one or several hash keys. Spans of one hash key do not overlap. */
export interface QueryOperation extends Reading {
  readonly kind: 'query'
  readonly spans: readonly Span[]
  readonly order: Order
  /** At least 1. Counts items that pass the filter. */
  readonly limit?: number
}

/** Orders by the first of the two, each in its own direction, then by the other. */
export interface Order {
  readonly first: 'hashKey' | 'sortKey'
  readonly hashKey: Direction
  readonly sortKey: Direction
}

/** From the smallest key to the largest, or the other way round. */
export type Direction = 'ascending' | 'descending'

/** What may be asked of the store without changing it. */
export type ReadOperation = GetOperation | BatchGetOperation | QueryOperation

/**
 * One change to one item.
 *
 * - `put` writes whatever was there; with a condition, only if that holds for what is there.
 * - `insert` writes where nothing is. What happens otherwise is `onExisting`: an error that undoes the whole
 *   operation, nothing, or an update of what is there, for which the inserted item is `proposed`.
 * - `update` changes an item that is there and that the condition holds for; else it does nothing.
 * - `delete` removes an item that is there and that the condition holds for; else it does nothing.
 */
export type Change =
  | { readonly kind: 'put'; readonly key: ItemKey; readonly item: ItemText; readonly condition?: Expression }
  | {
      readonly kind: 'insert'
      readonly key: ItemKey
      readonly item: ItemText
      readonly onExisting: 'error' | 'ignore' | UpdateExisting
    }
  | {
      readonly kind: 'update'
      readonly key: ItemKey
      readonly assignments: readonly Assignment[]
      readonly condition?: Expression
      /** The change is refused when this interval of the hash key holds any other item. */
      readonly aloneIn?: Interval
    }
  | {
      readonly kind: 'delete'
      readonly key: ItemKey
      readonly condition?: Expression
      readonly aloneIn?: Interval
    }

/** What an upsert does to the item that is there: nothing, if the condition does not hold for it. */
export interface UpdateExisting {
  /** May read the item that is there, and the inserted one as `proposed`. */
  readonly assignments: readonly Assignment[]
  readonly condition?: Expression
}

/**
 * Changes that happen together or not at all, in order: a later one sees what an earlier one wrote. They lie
 * in one partition.
 */
export interface WriteOperation {
  readonly kind: 'write'
  readonly changes: readonly Change[]
  /** What each change that was made answers: the new item, or the one that was deleted. */
  readonly returning?: Projection
}

/** Everything that may be asked of the store. Branch on `kind`. */
export type Operation = ReadOperation | WriteOperation

/** An item as an answer holds it: as it was asked for. */
export interface FoundItem {
  readonly item: ItemText
  readonly version: Version
}

/** What became of one change. `item` is what `returning` asked for. */
export type ChangeResult =
  | { readonly made: true; readonly version: Version; readonly item?: ItemText }
  | { readonly made: false; readonly because: 'exists' | 'absent' | 'condition' }

export interface WriteResult {
  readonly changes: readonly ChangeResult[]
}

/*
 * What the client asks of one partition.
 */

/**
 * The number of this form of requests. It rises only when an older partition would misread a newer request; a
 * partition refuses what is above its own. Fields that a partition does not know, it ignores.
 */
export const REQUEST_VERSION = 1

/** What can never change once data is written. */
export interface PinnedSettings {
  /** How many hash partitions there are from the start. */
  readonly roots: number
  /** How many children a hash partition splits into. */
  readonly fanout: number
}

export interface PartitionRequest {
  readonly version: number
  readonly settings: PinnedSettings
  readonly operation: PartitionOperation
}

export type PartitionOperation = PartitionGet | PartitionBatchGet | PartitionQuery | PartitionWrite

export interface PartitionGet extends Reading {
  readonly kind: 'get'
  readonly key: ItemKey
}

export interface PartitionBatchGet extends Reading {
  readonly kind: 'batchGet'
  readonly keys: readonly ItemKey[]
}

/** One page of one interval. */
export interface PartitionQuery extends Reading {
  readonly kind: 'query'
  readonly hashKey: Uint8Array
  readonly interval: Interval
  readonly direction: Direction
  readonly limit?: number
  /** Whether the answer names each item's sort key, which merging several hash keys needs. */
  readonly withKeys: boolean
}

export interface PartitionWrite {
  readonly kind: 'write'
  readonly changes: readonly Change[]
  readonly returning?: Projection
  /** Names this write, also when it is sent again: 53 random bits. */
  readonly token: number
  /** When this write was sent first, by its sender's clock: milliseconds since 1970. */
  readonly born: number
  /** Whether an earlier sending of this write is unaccounted for. */
  readonly resent: boolean
}

interface GetAnswer {
  readonly found: FoundItem | null
}

/**
 * In the order of the keys that were asked for. Shorter than they are when the answer would be too large: ask
 * again for the others.
 */
interface BatchGetAnswer {
  readonly found: readonly (FoundItem | null)[]
}

/** `rest` is the part of the interval that no page has covered yet: ask for it to go on. */
export interface QueryAnswer {
  readonly items: readonly ItemText[]
  readonly sortKeys?: readonly Uint8Array[]
  readonly rest?: Interval
}

/** The result that belongs to each operation of a partition. */
export interface PartitionResults {
  get: GetAnswer
  batchGet: BatchGetAnswer
  query: QueryAnswer
  write: WriteResult
}

export type PartitionResult = PartitionResults[keyof PartitionResults]

/** An error is an answer, so that its class and details survive every way of travelling. */
export type PartitionAnswer =
  | { readonly ok: true; readonly result: PartitionResult }
  | { readonly ok: false; readonly error: ErrorReport }
