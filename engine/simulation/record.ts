import type { Version } from '../operations.js'
import type { Operation, Place, Row } from './workloads/operation.js'
import type { TotalRow } from './workloads/whole-interval.js'

/** What one read saw of one place. */
export interface SeenRow {
  readonly place: Place
  readonly row: Row | null
  /** Unknown for rows of a range, whose answers name none, and for what a block has written itself. */
  readonly version?: Version
}

/** What became of one row of a write. */
export interface WrittenRow {
  readonly place: Place
  /**
   * The row after it, null when it deleted it, unknown when its client was not shown it; nothing when it changed
   * nothing. The version counts only where it was told by one partition, of a plain write.
   */
  readonly made?: { readonly row?: Row | null | undefined; readonly version: Version }
  /**
   * Why it changed nothing; `checked`: because it was a check, and holds; `unmet`: because there was no such row,
   * or not one that its condition holds for, which a block promises to be the one or the other.
   */
  readonly because?: 'exists' | 'absent' | 'condition' | 'checked' | 'unmet'
  /** The row that a delete removed. */
  readonly removed?: Row
}

/** One statement, and what its client was told. */
export interface Statement {
  readonly operation: Operation
  readonly seen: readonly SeenRow[]
  /** Of a page: the places that it covers, `from` up to, not including, `to`. */
  readonly covers?: { readonly from: number; readonly to: number }
  /** Of rows that were left out in front: where they are, and how many there are, or how many at most. */
  readonly ahead?: {
    readonly from: number
    readonly to: number
    readonly rows: number
    readonly atMost: boolean
  }
  /** What rows come to that were not shown. */
  readonly totals?: readonly TotalRow[]
  readonly written: readonly WrittenRow[]
  /** An insert met a row, and made nothing. */
  readonly conflict: boolean
  /** Nobody was told what came of it. */
  readonly untold?: boolean
}

/** A row that a transaction leaves behind, or takes away, if it happens. */
export interface Leaving {
  readonly place: Place
  readonly deletes: boolean
}

/** One operation as its client saw it: one page is one, of a range, and one attempt, of a transaction. */
export interface Record extends Statement {
  /** Of a page, or of an attempt that is not the first, a fraction beyond the operation's own number. */
  readonly id: number
  readonly client: number
  /** Places in the one order of all calls and answers. */
  readonly called: number
  readonly answered: number | undefined
  readonly outcome: 'done' | 'refused' | 'unknown'
  /**
   * Of what does several things at one moment: what it did, in order, each seeing the ones before it. Then `seen`
   * and `written` are empty.
   */
  readonly statements?: readonly (Statement | 'savepoint' | 'rollback')[]
  /** What a transaction leaves, if it happens: its versions are not told. */
  readonly leaves?: readonly Leaving[]
}

/** Whether a record is of something that may have changed rows. */
export function changesAnything({ operation, leaves }: Record): boolean {
  return leaves === undefined ? writes(operation) : leaves.length > 0
}

/** Whether an operation may change anything. */
export function writes(operation: Operation): boolean {
  switch (operation.kind) {
    case 'put':
    case 'insert':
    case 'append':
    case 'delete':
    case 'alter':
    case 'several':
      return true
    case 'transaction':
      return operation.steps.some(
        (step) =>
          step.kind === 'rewrite' || step.kind === 'transfer' || (!isMark(step) && writes(step as Operation)),
      )
    default:
      return false
  }
}

function isMark({ kind }: { readonly kind: string }): boolean {
  return kind === 'savepoint' || kind === 'rollback'
}
