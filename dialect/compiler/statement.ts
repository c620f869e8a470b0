import type { Operation } from '../../engine/operations.js'
import type { TableSchema } from '../schema/table-schema.js'

/** A statement whose condition can never hold: it is answered without asking anybody. */
export interface NoOperation {
  readonly kind: 'nothing'
  /** Whether it would have written, and so answers how many rows it changed: none. */
  readonly writes: boolean
}

/** What a compiled query runs: an operation of the store, or nothing. Branch on `kind`. */
export type CompiledOperation = Operation | NoOperation

/** What a query became. */
export interface Statement {
  readonly table: TableSchema
  readonly operation: CompiledOperation
  /** The query's values in the order in which they stand in its text. */
  readonly parameters: readonly unknown[]
}
