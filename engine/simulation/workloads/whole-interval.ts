import type { Ends } from './operation.js'

/*
 * What is about all rows of intervals at once, whichever they are when it happens.
 */

/** Rows of hash keys, from one place to another. */
export interface Intervals {
  readonly hashes: readonly number[]
  readonly from: number
  readonly to: number
  /** Only rows that have seen so many appends. */
  readonly atLeast?: number
}

/** Has the store say what rows come to: all of them together, hash key by hash key if there are several. */
export interface Total extends Intervals {
  readonly kind: 'total'
  /** Rows with the same count together; or each row by itself, which shows all of it. */
  readonly by?: 'n' | 'place'
  /** Of one hash key: only how many there are, for which the store looks into none. */
  readonly bare?: boolean
  readonly balanced?: boolean
}

/** Appends to all rows of intervals, or deletes them, at one moment. */
export interface Alter extends Intervals {
  readonly kind: 'alter'
  readonly deletes?: boolean
  readonly amount?: number
  /** When the rows end then; as they would have, if nothing is said. */
  readonly ends?: Ends
}

/** What rows come to, as the store has answered it. */
export interface TotalRow {
  readonly hash: number
  /** What they have in common, if they are grouped by it. */
  readonly n?: number
  readonly rows: number
  /** Of these, so many have seen an append. */
  readonly grown?: number
  readonly counts?: number | null
  readonly amounts?: number | null
  readonly firstLog?: string | null
  readonly lastLog?: string | null
  readonly logs?: number
}

export function describeTotal({ by, bare, ...intervals }: Total): string {
  const what = bare === true ? 'count' : 'sum up'
  return `${what} ${intervalsText(intervals)}${by === undefined ? '' : ` by ${by}`}`
}

export function describeAlter({ deletes, ...intervals }: Alter): string {
  return `${deletes === true ? 'delete' : 'append to'} all of ${intervalsText(intervals)}`
}

function intervalsText({ hashes, from, to, atLeast }: Intervals): string {
  const which = `${hashes.map((hash) => `h${hash}`).join(', ')} from ${from} to ${to}`
  return `${which}${atLeast === undefined ? '' : `, where n >= ${atLeast}`}`
}
