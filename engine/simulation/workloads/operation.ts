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
 * - `append`'s `if` is a condition on the row's count: a number, or what this client saw last.
 * - `range` reads the rows of a hash key from one place to another, page by page.
 */
export type Operation =
  | { readonly kind: 'get'; readonly at: Place }
  | { readonly kind: 'batchGet'; readonly places: readonly Place[] }
  | {
      readonly kind: 'range'
      readonly hash: number
      readonly from: number
      readonly to: number
      readonly descending: boolean
      readonly pageSize: number
    }
  | { readonly kind: 'put'; readonly at: Place; readonly large: boolean }
  | {
      readonly kind: 'insert'
      readonly hash: number
      readonly sorts: readonly number[]
      readonly onExisting: 'error' | 'ignore' | 'append'
    }
  | { readonly kind: 'append'; readonly at: Place; readonly if?: number | 'as seen' }
  | { readonly kind: 'delete'; readonly at: Place }

/** A row, as operations write and see it. */
export interface Row {
  /** How many appends it has seen since it was made. */
  readonly n: number
  /** The numbers of the operations that made it what it is, in order, with commas. */
  readonly log: string
  /** How many characters beside that: large rows are stored elsewhere. */
  readonly pad: number
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
export const LARGE = 3_000

export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'get':
    case 'delete':
      return `${operation.kind} ${placeText(operation.at)}`
    case 'put':
      return `put ${placeText(operation.at)}${operation.large ? ' (large)' : ''}`
    case 'append': {
      const condition = operation.if === undefined ? '' : ` if n = ${operation.if}`
      return `append to ${placeText(operation.at)}${condition}`
    }
    case 'batchGet':
      return `get ${operation.places.map(placeText).join(', ')}`
    case 'insert':
      return `insert ${operation.sorts.map((sort) => placeText({ hash: operation.hash, sort })).join(', ')}, or ${operation.onExisting}`
    case 'range':
      return `range h${operation.hash} from ${operation.from} to ${operation.to}${operation.descending ? ' backwards' : ''} in pages of ${operation.pageSize}`
  }
}

export function placeText({ hash, sort }: Place): string {
  return `h${hash}/${sort}`
}
