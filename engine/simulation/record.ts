import type { Version } from '../operations.js'
import type { Operation, Place, Row } from './workloads/operation.js'

/** What one read saw of one place. */
export interface SeenRow {
  readonly place: Place
  readonly row: Row | null
  /** Unknown for rows of a range, whose answers name none. */
  readonly version?: Version
}

/** What became of one row of a write. */
export interface WrittenRow {
  readonly place: Place
  /** The row after it, null when it deleted it; nothing when it changed nothing. */
  readonly made?: { readonly row: Row | null; readonly version: Version }
  /** Why it changed nothing. */
  readonly because?: 'exists' | 'absent' | 'condition'
  /** The row that a delete removed. */
  readonly removed?: Row
}

/** One operation as its client saw it: one page is one, of a range. */
export interface Record {
  /** Of a page, a fraction beyond the operation's own number. */
  readonly id: number
  readonly client: number
  readonly operation: Operation
  /** Places in the one order of all calls and answers. */
  readonly called: number
  readonly answered: number | undefined
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly seen: readonly SeenRow[]
  /** Of a page: the places that it covers, `from` up to, not including, `to`. */
  readonly covers?: { readonly from: number; readonly to: number }
  readonly written: readonly WrittenRow[]
  /** An insert met a row, and made nothing. */
  readonly conflict: boolean
}

/** Whether an operation may change anything. */
export function writes({ kind }: Operation): boolean {
  return kind === 'put' || kind === 'insert' || kind === 'append' || kind === 'delete'
}
