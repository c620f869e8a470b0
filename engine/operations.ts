import type { ErrorReport } from './errors.js'
import type { Assignment, Expression, Projection } from './expressions/expression.js'
import type { Interval } from './keys/interval.js'
import type { PartitionName } from './ports.js'
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

/**
 * Versions are milliseconds times this, plus a count. As doubles they are exact until the year 2248, and a
 * partition can give out a million a second before it runs ahead of its clock.
 */
export const VERSIONS_PER_MILLI = 1_024

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
 * - `check` changes nothing: it is made when the condition holds for what is there, columns of an absent item
 *   being null.
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
  | { readonly kind: 'check'; readonly key: ItemKey; readonly condition: Expression }

/** What an upsert does to the item that is there: nothing, if the condition does not hold for it. */
export interface UpdateExisting {
  /** May read the item that is there, and the inserted one as `proposed`. */
  readonly assignments: readonly Assignment[]
  readonly condition?: Expression
}

/** Changes that happen together or not at all, in order: a later one sees what an earlier one wrote. */
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

/** What can become of a change. */
export type ChangeOutcome = 'made' | 'exists' | 'absent' | 'condition'

/*
 * Transactions: what was read, as it was seen, and what is to be changed, if all of that still holds.
 */

/** An item that a transaction has read. */
export interface SeenItem {
  readonly key: ItemKey
  /** As it was seen; null when there was none. */
  readonly version: Version | null
  /** The partition's clock when it was seen. */
  readonly asOf: Version
}

/** A commutative sum over the (key, version) of all items of an interval: two sums of 32 bits each. */
export type Fingerprint = readonly [number, number]

/** An interval that a transaction has examined: all of it, whatever of it passed a filter. */
export interface SeenInterval extends Span {
  readonly fingerprint: Fingerprint
  /** The partition's clock when it was seen. */
  readonly asOf: Version
}

/** What a transaction has read. */
export interface Seen {
  readonly items: readonly SeenItem[]
  readonly intervals: readonly SeenInterval[]
}

/** A change of a transaction, at its place among all of the transaction's changes. */
export interface PlannedChange {
  readonly index: number
  readonly change: Change
  /** What may become of it; anything, if nothing is said. Otherwise the transaction fails. */
  readonly allow?: readonly ChangeOutcome[]
}

/** What a transaction asks of one partition. */
export interface TransactionPart {
  readonly seen: Seen
  /** In order: a later one sees what an earlier one wrote. */
  readonly changes: readonly PlannedChange[]
}

/**
 * A transaction's age: when its first attempt began, by the clock of its home, and what breaks ties. Who is
 * older has the smaller one. Retries keep it, so that everybody is the oldest at some time.
 */
export interface Age {
  readonly at: Version
  readonly id: number
}

/**
 * What a refused transaction says.
 *
 * - `conflict`: all that is refused is a conflict, because the changes were found right when they were planned.
 * - `items`: each change that is refused says why, in an error of its own.
 */
export type RefusalStyle = 'conflict' | 'items'

/*
 * What the client asks of one partition.
 */

/**
 * The newest form of requests. It rises only when an older partition would misread a newer request; a partition
 * refuses what is above its own. Fields that a partition does not know, it ignores.
 */
export const REQUEST_VERSION = 2

/** The oldest form that an operation can be sent in: single reads and writes are what they were in the first. */
export function requestVersion(operation: PartitionOperation): number {
  switch (operation.kind) {
    case 'get':
    case 'batchGet':
    case 'query':
      return operation.observe === undefined ? 1 : 2
    case 'write':
      return 1
    default:
      return 2
  }
}

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

export type PartitionOperation =
  | PartitionGet
  | PartitionBatchGet
  | PartitionQuery
  | PartitionWrite
  | PartitionValidate
  | PartitionTransact
  | PartitionPrepare
  | PartitionFinish
  | PartitionInquire

/** Reads that may have to be validated later say more. */
export interface Observing {
  /**
   * What the answer says for a later {@link PartitionValidate}, beside the partition's clock.
   *
   * - `versions`: those of all items that were examined.
   * - `sum`: of a query, the fingerprint of the interval that was examined.
   * - `sumIfMore`: the same, but only if the query has to be asked again for what is left.
   */
  readonly observe?: 'versions' | 'sum' | 'sumIfMore'
  /** Asks that what is read stays as it is for a moment, for a transaction that has met conflicts. */
  readonly reserve?: Reservation
}

/**
 * What younger transactions and writes let alone for about a second: a help for who has tried before, and no
 * lock. Whether all stayed as it was is asked at the commit all the same.
 */
export interface Reservation {
  /** Of the transaction; its number names the reservation. */
  readonly age: Age
  /** Whether the transaction may write what it reads: then others that reserve the same wait. */
  readonly writes: boolean
}

export interface PartitionGet extends Reading, Observing {
  readonly kind: 'get'
  readonly key: ItemKey
}

export interface PartitionBatchGet extends Reading, Observing {
  readonly kind: 'batchGet'
  readonly keys: readonly ItemKey[]
}

/** One page of one interval. */
export interface PartitionQuery extends Reading, Observing {
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

/** Are all these still as they were seen, all at one moment? Answers with a conflict when not. */
export interface PartitionValidate {
  readonly kind: 'validate'
  readonly seen: Seen
  /**
   * Whether other partitions are asked at the same time. Then there must have been one moment that all of them
   * mean: nothing may have come and gone meanwhile.
   */
  readonly together: boolean
  /** Of the transaction, if it has reserved what it read: that ends here. */
  readonly age?: Age
}

/**
 * A transaction, sent to its home: the partition of its first change. With the others' parts it is the home
 * that coordinates them.
 */
export interface PartitionTransact {
  readonly kind: 'transact'
  /** Names this transaction, also when it is sent again: 53 random bits. */
  readonly token: number
  /** When it was sent first, by its sender's clock: milliseconds since 1970. */
  readonly born: number
  /** Whether an earlier sending of it is unaccounted for. */
  readonly resent: boolean
  /** Of the first attempt, when this is not that one. */
  readonly age?: Age
  readonly part: TransactionPart
  readonly others: readonly { readonly partition: PartitionName; readonly part: TransactionPart }[]
  readonly returning?: Projection
  readonly refusals: RefusalStyle
  /** Tells transactions apart that were given one token by mistake. */
  readonly digest?: number
}

/** Names one attempt of a transaction, and where to ask what became of it. */
export interface Attempt {
  /** 53 random bits. */
  readonly id: number
  /** The transaction's. */
  readonly token: number
  readonly home: PartitionName
  /** The transaction's record lies at this hash key. */
  readonly hashKey: Uint8Array
  readonly age: Age
  readonly settings: PinnedSettings
}

/** Checks a part, evaluates its changes, and locks all of it until the attempt is finished. */
export interface PartitionPrepare {
  readonly kind: 'prepare'
  readonly attempt: Attempt
  readonly part: TransactionPart
  readonly returning?: Projection
  readonly refusals: RefusalStyle
}

/** What a partition has locked for a hash key, and the timestamp that it proposes for it. */
export interface Proposal {
  readonly hashKey: Uint8Array
  readonly at: Version
}

/** What became of an attempt. */
export type AttemptOutcome =
  /** Only what was locked under these proposals is a part of it. */
  | { readonly committed: true; readonly at: Version; readonly proposals: readonly Proposal[] }
  | { readonly committed: false }

/** Tells a participant what became of an attempt, for hash keys that it prepared. */
export interface PartitionFinish {
  readonly kind: 'finish'
  readonly attempt: number
  readonly hashKeys: readonly Uint8Array[]
  readonly outcome: AttemptOutcome
}

/** Asks an attempt's home what became of it. */
export interface PartitionInquire {
  readonly kind: 'inquire'
  readonly attempt: Attempt
}

interface GetAnswer {
  readonly found: FoundItem | null
  /** The partition's clock, if the request observes. */
  readonly asOf?: Version
}

/**
 * In the order of the keys that were asked for. Shorter than they are when the answer would be too large: ask
 * again for the others.
 */
interface BatchGetAnswer {
  readonly found: readonly (FoundItem | null)[]
  /** If the request observes: the items' versions, also of those that did not pass; null where none is. */
  readonly versions?: readonly (Version | null)[]
  readonly asOf?: Version
}

/** `rest` is the part of the interval that no page has covered yet: ask for it to go on. */
export interface QueryAnswer {
  readonly items: readonly ItemText[]
  readonly sortKeys?: readonly Uint8Array[]
  readonly rest?: Interval
  /** How many items were looked at; with what else the request observes. */
  readonly versions?: readonly Version[]
  readonly fingerprint?: Fingerprint
  readonly examined?: number
  readonly asOf?: Version
}

/** `at` is the commit's timestamp. It is the changes' version too; the items' own are their partitions'. */
export interface TransactAnswer extends WriteResult {
  readonly at: Version
}

export interface PrepareAnswer extends WriteResult {
  readonly proposals: readonly Proposal[]
}

/** `deciding`: ask again later. */
export type InquireAnswer = { readonly outcome: AttemptOutcome | 'deciding' }

/** The result that belongs to each operation of a partition. */
export interface PartitionResults {
  get: GetAnswer
  batchGet: BatchGetAnswer
  query: QueryAnswer
  write: WriteResult
  validate: Record<string, never>
  transact: TransactAnswer
  prepare: PrepareAnswer
  finish: Record<string, never>
  inquire: InquireAnswer
}

export type PartitionResult = PartitionResults[keyof PartitionResults]

/** An error is an answer, so that its class and details survive every way of travelling. */
export type PartitionAnswer =
  | { readonly ok: true; readonly result: PartitionResult }
  | { readonly ok: false; readonly error: ErrorReport }
