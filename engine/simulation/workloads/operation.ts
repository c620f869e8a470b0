import type { Order } from '../../operations.js'
import type { Millis } from '../../ports.js'
import { describeTransaction, type TransactionOperation } from './transaction.js'
import { type Alter, describeAlter, describeTotal, type Total } from './whole-interval.js'

/** Where a row is: rows of one hash key lie together, in the order of their places. */
export interface Place {
  readonly hash: number
  readonly sort: number
}

/**
 * What a simulated client does, as plain data: small enough to read in a timeline, and to be left out by
 * shrinking. Every write leaves its own number in the row, so that what a row holds tells who made it.
 *
 * - `put` replaces the row, `insert` makes rows where none are, `append` adds to a row that is there, `delete`
 *   removes it.
 * - `if` is a condition on the row's count: a number, or what this client saw last.
 * - `alone` refuses the change when the hash key has any other row.
 * - `grow` doubles the row's padding, until some or all instances refuse the row as too large.
 * - `twice` changes the row, and then once more in the same statement.
 * - `amount` is what a row gains, or, of a put, what it has.
 * - `over` is the row that a put builds on: its client has read it, and writes it anew with one number more.
 * - `lives` says how long the rows live that it makes, or renews, by the clock of its client; then `ends` says when
 *   they end: a row that is made without one does not. A row that is there ends as it would have where that is `kept`,
 *   and never where it is null.
 * - `ended` is of a row that vanishes by itself: only one that ends then does.
 * - `loud` has so much answered that the partition forgets the answers before it.
 * - `quiet` does not ask for the row that it deletes, or appends to.
 * - `check` changes nothing, and holds a transaction to what the row must be.
 * - `several` are changes of one statement, wherever their rows are.
 * - `transaction` is described where it is declared: {@link TransactionOperation}.
 * - `range` reads the rows of a hash key from one place to another, page by page.
 * - `scan` reads the rows of several hash keys in one order: at once, or page by page.
 * - `walk` reads the rows of all partitions, page by page.
 * - `total` and `alter` are described where they are declared: {@link Total}, {@link Alter}.
 * - `offset` leaves out so many rows in front, of what is read at once.
 * - `atLeast` is a filter on the rows' counts.
 * - `balanced` are rows whose amounts are zero in all.
 */
export type Operation = ReadingOperation | Walk | ChangeOperation | Alter | Several | TransactionOperation

export type ReadingOperation =
  | { readonly kind: 'get'; readonly at: Place }
  | { readonly kind: 'batchGet'; readonly places: readonly Place[]; readonly balanced?: boolean }
  | {
      readonly kind: 'range'
      readonly hash: number
      readonly from: number
      readonly to: number
      readonly descending: boolean
      readonly pageSize: number
      readonly limit?: number
      readonly offset?: number
      readonly atLeast?: number
    }
  | Scan
  | Total

/** A statement that changes rows of one hash key. */
export type ChangeOperation =
  | {
      readonly kind: 'put'
      readonly at: Place
      readonly large: boolean
      readonly over?: Row
      readonly amount?: number
      readonly loud?: boolean
      readonly if?: number | 'as seen'
      readonly lives?: Millis
      readonly ends?: Ends
    }
  | {
      readonly kind: 'insert'
      readonly hash: number
      readonly sorts: readonly number[]
      readonly onExisting: 'error' | 'ignore' | 'append'
      /** Of an append to an existing row. */
      readonly if?: number
      readonly grow?: boolean
      readonly large?: boolean
      readonly amount?: number
      readonly lives?: Millis
      readonly ends?: Ends
    }
  | {
      readonly kind: 'append'
      readonly at: Place
      readonly amount?: number
      readonly quiet?: boolean
      readonly if?: number | 'as seen'
      readonly grow?: boolean
      readonly alone?: boolean
      readonly twice?: boolean
      readonly lives?: Millis
      readonly ends?: Ends
    }
  | {
      readonly kind: 'delete'
      readonly at: Place
      readonly if?: number | 'as seen'
      readonly quiet?: boolean
      readonly alone?: boolean
      readonly ended?: Millis
    }
  | { readonly kind: 'check'; readonly at: Place; readonly if: number | 'absent' }

/** When a row ends that a statement makes, or changes. */
export type Ends = Millis | null | 'kept'

/** One statement with changes in any order, also of several hash keys. */
export interface Several {
  readonly kind: 'several'
  readonly changes: readonly ChangeOperation[]
}

export interface Scan {
  readonly kind: 'scan'
  readonly hashes: readonly number[]
  readonly from: number
  readonly to: number
  readonly order: Order
  /** Without one, everything is read at once: each hash key at one moment. */
  readonly pageSize?: number
  readonly limit?: number
  readonly offset?: number
  readonly atLeast?: number
  readonly balanced?: boolean
}

export interface Walk {
  readonly kind: 'walk'
  /** How many walks there are, one after the other, each through a part of the tree, if there are as many roots. */
  readonly segments: number
  readonly pageSize: number
  /** Whether every page is asked for anew, with the cursor of the one before it. */
  readonly resumes: boolean
  /** Only rows with these places. */
  readonly from: number
  readonly to: number
  /** The hash keys whose rows must all be found, if they are there from the beginning to the end. */
  readonly hashes: readonly number[]
}

/** A row, as operations write and see it. */
export interface Row {
  /** How many appends it has seen since it was made. */
  readonly n: number
  /** The numbers of the operations that made it what it is, in order, with commas. */
  readonly log: string
  /** How many characters beside that: large rows are stored elsewhere. */
  readonly pad: number
  /** What it has of what transfers move. */
  readonly amount: number
  /** When it ends by itself; never, if nothing is said. */
  readonly ends?: Millis
}

/** The numbers in a row's log. */
export function idsOf(row: Row): number[] {
  return row.log.split(',').map(Number)
}

/** The operation that wrote a row last. */
export function writerOf(row: Row): number {
  return Number(row.log.slice(row.log.lastIndexOf(',') + 1))
}

/** How long the padding of a large row is: it does not fit beside others. */
export const LARGE = 6_000

/** How many places a hash key has at most. */
export const SORTS = 60

export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'get':
      return `get ${placeText(operation.at)}`
    case 'delete':
      return `delete ${placeText(operation.at)}${conditionText(operation)}${operation.quiet ? ', unseen' : ''}`
    case 'check':
      return `check that ${placeText(operation.at)} is ${operation.if === 'absent' ? 'absent' : `at n = ${operation.if}`}`
    case 'several':
      return operation.changes.map(describeOperation).join(', ')
    case 'transaction':
      return describeTransaction(operation)
    case 'put': {
      if (operation.over !== undefined) return `put ${placeText(operation.at)} over ${operation.over.log}`
      const size = operation.loud ? ' (large, much answered)' : operation.large ? ' (large)' : ''
      return `put ${placeText(operation.at)}${size}${livesText(operation)}${conditionText(operation)}`
    }
    case 'append':
      return `append to ${placeText(operation.at)}${operation.grow ? ' (growing)' : ''}${operation.twice ? ' twice' : ''}${operation.quiet ? ', unseen' : ''}${livesText(operation)}${conditionText(operation)}`
    case 'batchGet':
      return `get ${operation.places.map(placeText).join(', ')}`
    case 'insert':
      return `insert ${operation.large ? 'large ' : ''}${operation.sorts.map((sort) => placeText({ hash: operation.hash, sort })).join(', ')}, or ${operation.onExisting}${operation.grow ? ' (growing)' : ''}${livesText(operation)}${conditionText(operation)}`
    case 'range':
      return `range h${operation.hash} from ${operation.from} to ${operation.to}${operation.descending ? ' backwards' : ''} in pages of ${operation.pageSize}${readingText(operation)}`
    case 'total':
      return describeTotal(operation)
    case 'alter':
      return describeAlter(operation)
    case 'walk': {
      const { segments, pageSize, resumes, from, to } = operation
      const how = `${resumes ? ', each asked for anew' : ''}, in ${segments} segments`
      return `walk through all rows from ${from} to ${to} in pages of ${pageSize}${how}`
    }
    case 'scan': {
      const { hashes, from, to, order, pageSize } = operation
      const by = `${order.first}, hash keys ${order.hashKey}, sort keys ${order.sortKey}`
      const pages = pageSize === undefined ? '' : ` in pages of ${pageSize}`
      return `scan ${hashes.map((hash) => `h${hash}`).join(', ')} from ${from} to ${to} by ${by}${pages}${readingText(operation)}`
    }
  }
}

function livesText({ lives }: { readonly lives?: Millis }): string {
  return lives === undefined ? '' : ` for ${lives} ms`
}

function conditionText(operation: { readonly if?: number | 'as seen'; readonly alone?: boolean }): string {
  const condition = operation.if === undefined ? '' : ` if n = ${operation.if}`
  return `${condition}${operation.alone ? ' if alone' : ''}`
}

function readingText({
  limit,
  offset,
  atLeast,
}: {
  readonly limit?: number
  readonly offset?: number
  readonly atLeast?: number
}): string {
  const most = `${offset === undefined ? '' : `, behind the first ${offset}`}${limit === undefined ? '' : `, at most ${limit}`}`
  return `${most}${atLeast === undefined ? '' : `, where n >= ${atLeast}`}`
}

/** Texts of one hash key are ordered as its places are. */
export function placeText({ hash, sort }: Place): string {
  return `h${hash}/${String(sort).padStart(2, '0')}`
}
