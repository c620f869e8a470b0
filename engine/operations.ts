import type { Aggregation, PartialGroup } from './aggregates/aggregation.js'
import type { GroupAnswer } from './aggregates/answer-groups.js'
import type { ErrorReport } from './errors.js'
import type { Assignment, Expression, Projection } from './expressions/expression.js'
import type { Interval } from './keys/interval.js'
import type { Millis, PartitionName } from './ports.js'
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
  /** Items that pass the filter and are left out in front: 0 where nothing is said. They are read all the same. */
  readonly offset?: number
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
  /** Items that pass the filter and are left out in front: 0 where nothing is said. They are read all the same. */
  readonly offset?: number
}

/** Results computed of the items of intervals, group by group. Spans of one hash key do not overlap. */
export interface AggregateOperation extends Aggregation, GroupAnswer {
  readonly kind: 'aggregate'
  readonly spans: readonly Span[]
  /** Only items that it holds for count. */
  readonly filter?: Expression
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
export type ReadOperation = GetOperation | BatchGetOperation | QueryOperation | AggregateOperation

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
 * - `alone` changes nothing, and is the rest of a change whose `aloneIn` lies in several partitions: it is refused
 *   when its interval of the hash key holds any other item. No results come from it.
 *
 * Where a change has `expiresAt`, the item that it makes ends by itself: {@link Expiring}.
 */
export type Change =
  | ({
      readonly kind: 'put'
      readonly key: ItemKey
      readonly item: ItemText
      readonly condition?: Expression
    } & Expiring)
  | ({
      readonly kind: 'insert'
      readonly key: ItemKey
      readonly item: ItemText
      readonly onExisting: 'error' | 'ignore' | UpdateExisting
    } & Expiring)
  | ({
      readonly kind: 'update'
      readonly key: ItemKey
      readonly assignments: readonly Assignment[]
      readonly condition?: Expression
      /** The change is refused when this interval of the hash key holds any other item. */
      readonly aloneIn?: Interval
    } & Expiring)
  | {
      readonly kind: 'delete'
      readonly key: ItemKey
      readonly condition?: Expression
      readonly aloneIn?: Interval
    }
  | { readonly kind: 'check'; readonly key: ItemKey; readonly condition: Expression }
  | { readonly kind: 'alone'; readonly key: ItemKey; readonly aloneIn: Interval }

/** What makes an item that ends by itself. */
export interface Expiring {
  /**
   * The column of the item that says when it ends, which holds a Date, or null for never: from then on nobody finds
   * it. An item that is put or inserted without one does not end; one that is updated without one ends when it would
   * have.
   */
  readonly expiresAt?: string
}

/** What an upsert does to the item that is there: nothing, if the condition does not hold for it. */
export interface UpdateExisting extends Expiring {
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

/**
 * Changes all items of intervals that the filter holds for: all of them at one moment, or none. Spans of one hash key
 * do not overlap.
 */
export interface AlterOperation {
  readonly kind: 'alter'
  readonly spans: readonly Span[]
  readonly filter?: Expression
  readonly alteration: Alteration
  /** What each item answers: as it is then, or as it was when it was deleted. In the order of the keys. */
  readonly returning?: Projection
}

/** What becomes of each item. */
export type Alteration =
  | {
      readonly kind: 'update'
      readonly assignments: readonly Assignment[]
      /** As of an update of one item. */
      readonly expiresAt?: string
    }
  | { readonly kind: 'delete' }

/** Everything that may be asked of the store. Branch on `kind`. */
export type Operation = ReadOperation | WriteOperation | AlterOperation

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
  /** Of all of it. Nothing counts here if this is only a piece. */
  readonly fingerprint: Fingerprint
  /** The partition's clock when it was seen. */
  readonly asOf: Version
  /**
   * If this is a piece of an interval that lies in several partitions: which one. Each partition says what its
   * pieces sum to, and whoever asks them adds it up.
   */
  readonly of?: number
}

/** What the pieces of cut intervals sum to in one partition, by the interval's number. */
export type PieceSums = readonly (readonly [of: number, sum: Fingerprint])[]

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
export const REQUEST_VERSION = 4

/** The oldest form that an operation can be sent in: single reads and writes are what they were in the first. */
export function requestVersion(operation: PartitionOperation): number {
  switch (operation.kind) {
    case 'get':
    case 'batchGet':
      return operation.observe === undefined ? 1 : 2
    case 'query':
      if (operation.aggregation !== undefined) return 4
      return operation.observe === undefined ? 1 : 2
    case 'write':
      return operation.changes.some(expires) ? 4 : 1
    case 'transact':
      return Math.max(...[operation, ...operation.others].map(({ part }) => partVersion(part)))
    case 'inquire':
    case 'finish':
      return 2
    case 'validate':
      return operation.seen.intervals.some(isPiece) ? 3 : 2
    case 'prepare':
      return partVersion(operation.part)
    default:
      return 3
  }
}

function partVersion(part: TransactionPart): number {
  if (part.changes.some(({ change }) => expires(change))) return 4
  return isCut(part) ? 3 : 2
}

/** Whether a change makes an item that ends by itself: older partitions would keep it for ever. */
function expires(change: Change): boolean {
  if ('expiresAt' in change && change.expiresAt !== undefined) return true
  return (
    change.kind === 'insert' &&
    typeof change.onExisting === 'object' &&
    change.onExisting.expiresAt !== undefined
  )
}

function isPiece({ of }: SeenInterval): boolean {
  return of !== undefined
}

/** Whether there is something in a part that older partitions would take for something else. */
function isCut({ seen, changes }: TransactionPart): boolean {
  return seen.intervals.some(isPiece) || changes.some(({ change }) => change.kind === 'alone')
}

/** What can never change once data is written. */
export interface PinnedSettings {
  /** How many hash partitions there are from the start. */
  readonly roots: number
  /** How many children a hash partition splits into. */
  readonly fanout: number
  /** Which code keys are written in; 1 where nothing is said. */
  readonly codec?: number
}

/** The code that this version writes keys in: the order of bytes, and the hash that says where a key lives. */
export const KEY_CODEC = 1

export interface PartitionRequest {
  readonly version: number
  readonly settings: PinnedSettings
  readonly operation: PartitionOperation
  /** Whether the sender knows what to do with {@link Directions}: they are refused as unavailable to others. */
  readonly follows?: boolean
  /** Who passed it on last, and how often it was. */
  readonly passed?: { readonly by: PartitionName; readonly hops: number }
}

/** Who serves a key, as the one says who has served or passed on a request. */
export interface Route {
  readonly partition: PartitionName
  /** Of a range partition: what of its hash key it serves, as far as is known. */
  readonly range?: Span
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
  | PartitionScan
  | PartitionLocate
  | PartitionDescribe
  | PartitionOutline
  | PartitionAdopt
  | PartitionCopy
  | PartitionCatchUp
  | PartitionHandOver
  | PartitionSettle

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
  /** Items in front that pass the filter and are not answered. */
  readonly skip?: number
  /** Instead of items, answers what was computed of them. There is no limit then, and no projection. */
  readonly aggregation?: Aggregation
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
  /** Where each lies is what the sender thinks: the home cuts them anew. */
  readonly others: readonly { readonly partition: PartitionName; readonly part: TransactionPart }[]
  /** What the pieces of the intervals that were cut must sum to, by their numbers. */
  readonly cuts?: readonly Fingerprint[]
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
  /** The transaction's record lies at this key: that of its first change. */
  readonly hashKey: Uint8Array
  readonly sortKey: Uint8Array
  readonly age: Age
  readonly settings: PinnedSettings
}

/** Checks a part, evaluates its changes, and locks all of it until the attempt is finished. */
export interface PartitionPrepare {
  readonly kind: 'prepare'
  readonly attempt: Attempt
  /**
   * Which part of the attempt this is, from 0 to 1,023; 0 where nothing is said. Sent again it keeps its number,
   * also when it is cut because its keys lie in several partitions by then.
   */
  readonly piece?: number
  readonly part: TransactionPart
  readonly returning?: Projection
  readonly refusals: RefusalStyle
}

/** What a partition has locked for a hash key, and the timestamp that it proposes for it. */
export interface Proposal {
  readonly hashKey: Uint8Array
  readonly at: Version
  /** All that is locked lies in here; anywhere at the hash key, where nothing is said. */
  readonly within?: Interval
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
  /** Where at each of the hash keys; anywhere, where nothing is said. */
  readonly within?: readonly (Interval | undefined)[]
  readonly outcome: AttemptOutcome
}

/** Asks an attempt's home what became of it. */
export interface PartitionInquire {
  readonly kind: 'inquire'
  readonly attempt: Attempt
}

/*
 * The tree: looking at it.
 */

/**
 * A page of all items that a partition serves, in the order of their keys. What it does not serve any more is in the
 * partitions that the answer names.
 */
export interface PartitionScan extends Reading {
  readonly kind: 'scan'
  /** Behind this key. */
  readonly after?: ItemKey
  /** Only items whose sort keys lie in it. */
  readonly within?: Interval
  /** At least 1: items that pass the filter. A page may have less of them and not be the last. */
  readonly limit: number
}

/** Asks who serves a key. */
export interface PartitionLocate {
  readonly kind: 'locate'
  readonly key: ItemKey
}

/** Asks a partition about itself. It is not passed on. */
export interface PartitionDescribe {
  readonly kind: 'describe'
}

/** Asks a partition how the tree has grown from it, and who is below it. It is not passed on. */
export interface PartitionOutline {
  readonly kind: 'outline'
}

/*
 * The tree: how it grows. A transfer moves a set of keys from a source, which has split, to a target.
 */

/** What a transfer moves. */
export type KeySet =
  /** The hash keys of a hash partition that go to one of its children. `level` is the child's: 1 below a root. */
  | { readonly kind: 'child'; readonly level: number; readonly fanout: number; readonly index: number }
  /** One hash key, which gets range partitions of its own. */
  | { readonly kind: 'hashKey'; readonly hashKey: Uint8Array }
  /** A part of what a range partition has of its hash key. */
  | { readonly kind: 'interval'; readonly hashKey: Uint8Array; readonly interval: Interval }

export interface Transfer {
  /** Names the transfer: 53 random bits. */
  readonly id: number
  readonly source: PartitionName
  readonly target: PartitionName
  readonly set: KeySet
  readonly settings: PinnedSettings
}

/** Tells a target who it is. Told again, it looks whether there is something left to do. */
export interface PartitionAdopt {
  readonly kind: 'adopt'
  readonly transfer: Transfer
}

/** A place among everything that moves, in the order in which it is copied. */
export interface CopyCursor {
  readonly table: MovedRow['table']
  readonly hashKey: Uint8Array
  /** Of an item: the sort key. */
  readonly sortKey?: Uint8Array
  /** Of a record or a part: its number. */
  readonly id?: number
}

/** A row that moves: as it is, or `null` where it is gone. Nothing of it is looked into. */
export type MovedRow =
  | {
      readonly table: 'items'
      readonly hashKey: Uint8Array
      readonly sortKey: Uint8Array
      readonly row: {
        readonly version: Version
        readonly token: number
        readonly item: ItemText
        /** When it ends by itself; never, where nothing is said. */
        readonly expires?: Millis
      } | null
    }
  /** What became of a transaction. Without a sort key, it may be asked for anywhere at the hash key. */
  | {
      readonly table: 'transactions'
      readonly hashKey: Uint8Array
      readonly id: number
      readonly row: {
        readonly sortKey: Uint8Array | null
        readonly stored: number
        readonly record: string
      } | null
    }
  /** What a transaction has locked; of a range, as much as lies in it. `id` is the attempt's number. */
  | {
      readonly table: 'parts'
      readonly hashKey: Uint8Array
      readonly id: number
      readonly piece: number
      readonly row: string | null
    }
  /** A hash key that has range partitions of its own. */
  | { readonly table: 'promoted'; readonly hashKey: Uint8Array; readonly row: PartitionName | null }

/** Asks the source for the next page of a transfer. */
export interface PartitionCopy {
  readonly kind: 'copy'
  readonly transfer: number
  /** Behind this place; from the beginning, where nothing is said. */
  readonly after?: CopyCursor
}

/** Asks the source for what has changed behind a change, and lets it forget the changes up to that. */
export interface PartitionCatchUp {
  readonly kind: 'catchUp'
  readonly transfer: number
  /** The number of the last change that is stored, 0 if none is. */
  readonly behind: number
}

/** Asks the source for the last changes, and for the keys themselves. Asked again, it answers the same. */
export interface PartitionHandOver {
  readonly kind: 'handOver'
  readonly transfer: number
  readonly behind: number
}

/** Tells the source that the target serves. */
export interface PartitionSettle {
  readonly kind: 'settle'
  readonly transfer: number
}

/** A page of a scan. */
export interface ScanAnswer {
  readonly items: readonly ItemText[]
  readonly keys: readonly ItemKey[]
  /** Up to where everything was looked at: ask again behind it. Nothing, at the end. */
  readonly upTo?: ItemKey
  /**
   * Partitions that serve some of what this one would have had behind where the page began: each is to be looked at
   * once, from there. They may be named on every page. Then comes the rest of this partition, if `upTo` is said.
   */
  readonly elsewhere: readonly Route[]
}

/** A partition, as it describes itself. */
export interface PartitionDescription {
  readonly partition: PartitionName
  readonly kind: 'hash' | 'range'
  /** Of a range partition. */
  readonly range?: Span
  /**
   * - `unused`: nobody has made it a part of the tree; it answers for nothing.
   * - `arriving`: it copies what it will serve.
   * - `serving`: it serves its keys, but for those that have moved to `children` and `promoted`.
   */
  readonly state: 'unused' | 'arriving' | 'serving'
  /** Bytes that its database takes. */
  readonly bytes: number
  /** Items that it serves. */
  readonly items: number
  /** Requests a second, lately. */
  readonly requestsPerSecond: number
  /** The partitions that it has split into, in order, as far as they serve. */
  readonly children: readonly Route[]
  /** The hash keys that have range partitions of their own. */
  readonly promoted: readonly Route[]
  /** What is moving away, and how far it has come. */
  readonly moving: readonly {
    readonly target: PartitionName
    readonly state: TransferState
  }[]
}

/**
 * - `planned`: the target may not know of it yet.
 * - `copying`: the target copies; the source serves.
 * - `moved`: the source has handed over.
 * - `settled`: the target serves; what the source still has of it is waste.
 */
export type TransferState = 'planned' | 'copying' | 'moved' | 'settled'

/** How the tree has grown from a partition. */
export interface Outline {
  /** What it has told the topology's keeper, or will: all that has come to its end. */
  readonly events: readonly GrowthEvent[]
  /** Those that serve what was its own, also while others of them do not serve yet. */
  readonly below: readonly PartitionName[]
}

interface CopyAnswer {
  readonly rows: readonly MovedRow[]
  /** Up to where everything was copied; nothing, at the end. */
  readonly upTo?: CopyCursor
}

interface CatchUpAnswer {
  /** What the rows that have changed are now. */
  readonly rows: readonly MovedRow[]
  /** The number of the last change among them. */
  readonly upTo: number
  /** How many changes are left behind that one. */
  readonly left: number
}

/** What goes with the keys, once. */
export interface HandedOver {
  readonly rows: readonly MovedRow[]
  /** The last timestamp that the source gave out. */
  readonly clock: Version
  /** Up to when the source has forgotten records of transactions. */
  readonly forgotten: number | null
  /** Writes that were decided lately, and since when none is missing. */
  readonly tokens: MovedTokens
}

/**
 * Times are ages, by the source's clock: clocks differ, and ages do not. A clock that leapt makes them too old, which
 * what it showed when they were taken puts right.
 */
export interface MovedTokens {
  /** When they were taken, by the source's clock. */
  readonly now: Millis
  /** Since when none is missing. */
  readonly since: number
  readonly known: readonly KnownToken[]
}

/** A write that was decided, with what it was answered: nothing, if that is not known any more. */
export interface KnownToken {
  readonly token: number
  /** How long ago, in milliseconds. */
  readonly age: number
  /** The keys that it was for, packed into one text. */
  readonly keys: string
  readonly answer?: { readonly result: WriteResult } | { readonly error: ErrorReport }
}

/** `handedOver` is missing when too much has changed since: catch up, and ask again. */
interface HandOverAnswer {
  readonly handedOver?: HandedOver
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
  /** Of a query that aggregates: what there is of each group on this page. */
  readonly groups?: readonly PartialGroup[]
  /** How many items passed the filter and were skipped, if some were to be: older partitions skip none. */
  readonly skipped?: number
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
  readonly sums?: PieceSums
}

/** `deciding`: ask again later. */
export type InquireAnswer = { readonly outcome: AttemptOutcome | 'deciding' }

/** The result that belongs to each operation of a partition. */
export interface PartitionResults {
  get: GetAnswer
  batchGet: BatchGetAnswer
  query: QueryAnswer
  write: WriteResult
  validate: { readonly sums?: PieceSums }
  transact: TransactAnswer
  prepare: PrepareAnswer
  finish: Record<string, never>
  inquire: InquireAnswer
  scan: ScanAnswer
  locate: Record<string, never>
  describe: PartitionDescription
  outline: Outline
  adopt: Record<string, never>
  copy: CopyAnswer
  catchUp: CatchUpAnswer
  handOver: HandOverAnswer
  settle: Record<string, never>
}

export type PartitionResult = PartitionResults[keyof PartitionResults]

/** Who served a request, if it was passed on, and how often it was. */
export interface Served {
  readonly owner?: Route
  readonly hops?: number
}

/** The request is for several partitions, or was passed on too often: here is who to ask, as far as is known. */
export interface Directions {
  readonly ok: false
  readonly elsewhere: readonly Route[]
  readonly error?: undefined
  readonly owner?: undefined
}

/** An error is an answer, so that its class and details survive every way of travelling. */
export type PartitionAnswer =
  | ({ readonly ok: true; readonly result: PartitionResult; readonly elsewhere?: undefined } & Served)
  | ({ readonly ok: false; readonly error: ErrorReport; readonly elsewhere?: undefined } & Served)
  | Directions

/*
 * What the topology's keeper is asked: each database has one.
 */

/**
 * The tree has grown, and for ever: everybody named serves. Told at least once, in any order.
 *
 * - `split`: a hash partition has all of its children.
 * - `promotion`: a hash key has range partitions of its own.
 * - `rangeSplit`: a range partition has two children, and `boundary` is the first sort key of the second.
 */
export type GrowthEvent =
  | { readonly kind: 'split'; readonly partition: PartitionName }
  | { readonly kind: 'promotion'; readonly hashKey: Uint8Array }
  | {
      readonly kind: 'rangeSplit'
      readonly partition: PartitionName
      readonly hashKey: Uint8Array
      readonly boundary: Uint8Array
    }

/** A request to a topology's keeper. Versions and settings are as in a {@link PartitionRequest}. */
export interface KeeperRequest {
  readonly version: number
  readonly settings: PinnedSettings
  readonly operation: KeeperOperation
}

/**
 * - `agree`: refuses when the database has other settings than the request's. Before something is written to a root that
 *   holds nothing, it `writes`: the database has these settings then, for ever.
 * - `report`: keeps events, and publishes them.
 * - `rebuild`: asks all partitions, from the roots on, and keeps what they say instead of what it has kept.
 * - `status`: says what it keeps.
 */
export type KeeperOperation =
  | { readonly kind: 'agree'; readonly writes: boolean }
  | { readonly kind: 'report'; readonly events: readonly GrowthEvent[] }
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'status' }

/** What a keeper keeps. */
export interface KeeperStatus {
  /** Whether anything was written to the database, so that its settings are decided. */
  readonly pinned: boolean
  /** Hash partitions: the roots, and all those below them, whether they have split or not. */
  readonly hashPartitions: number
  /** Hash keys with range partitions of their own. */
  readonly promoted: number
  /** Range partitions of all of these, whether they have divided or not. */
  readonly rangePartitions: number
  /** Whether all of it is published. Nothing, where there is nowhere to publish to. */
  readonly published?: boolean
  /** Whether partitions are being asked, to build it anew. */
  readonly rebuilding: boolean
}

export type KeeperAnswer =
  | { readonly ok: true; readonly status: KeeperStatus }
  | { readonly ok: false; readonly error: ErrorReport }
