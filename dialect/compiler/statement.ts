import type { Interval } from '../../engine/keys/interval.js'
import type { Operation, Reading } from '../../engine/operations.js'
import type { TableSchema } from '../schema/table-schema.js'
import type { ScanPart } from './scan-node.js'

/** A statement whose condition can never hold: it is answered without asking anybody. */
export interface NoOperation {
  readonly kind: 'nothing'
  /** Whether it would have written, and so answers how many rows it changed: none. */
  readonly writes: boolean
}

/** Says what an operation would do, and does not do it. */
export interface ExplainOperation {
  readonly kind: 'explain'
  readonly operation: Operation | NoOperation
}

/** Reads all rows of a table, or of a part of it, in whatever partitions they are. Page by page. */
export interface ScanOperation extends Reading, ScanPart {
  readonly kind: 'scan'
  /** Only rows whose sort keys lie in it, at whatever hash key. */
  readonly within: Interval
}

/** What a compiled query runs. Branch on `kind`. */
export type CompiledOperation = Operation | NoOperation | ExplainOperation | ScanOperation

/** What a query became. */
export interface Statement {
  readonly table: TableSchema
  readonly operation: CompiledOperation
  /** The query's values in the order in which they stand in its text. */
  readonly parameters: readonly unknown[]
}

/** A statement of what Kysely's own builders say. */
export interface PlainStatement extends Statement {
  readonly operation: Operation | NoOperation
}
