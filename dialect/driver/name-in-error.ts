import { ConstraintError, FokosError } from '../../engine/errors.js'
import { decodeItem } from '../../engine/values/item-text.js'
import type { Value } from '../../engine/values/value.js'
import type { CompiledOperation } from '../compiler/statement.js'
import type { TableSchema } from '../schema/table-schema.js'

/** Adds to an engine's error what the engine does not know: the table, and which row of an insert. */
export function nameInError(error: unknown, table: TableSchema, operation: CompiledOperation): unknown {
  if (!(error instanceof FokosError) || error.details.table !== undefined) return error
  const { index } = error.details
  const change = index === undefined || operation.kind !== 'write' ? undefined : operation.changes[index]
  const row =
    change !== undefined && 'item' in change ? ` (${describeKey(decodeItem(change.item), table)})` : ''
  const hint = error instanceof ConstraintError ? ': use onConflict or replaceInto if that may happen' : ''
  error.message = `${table.name}${row}: ${error.message}${hint}`
  Object.assign(error.details, { table: table.name })
  // The stack begins with the message; and from here it leads to who executed, not into the engine.
  Error.captureStackTrace?.(error, nameInError)
  return error
}

/** A row's key as its columns: `origin = "SFO", departs_at = 2001-01-01T06:00:00.000Z`. */
function describeKey(row: { readonly [column: string]: Value }, { hashKey, sortKey }: TableSchema): string {
  return [hashKey, ...sortKey].map((column) => `${column} = ${describePart(row[column])}`).join(', ')
}

function describePart(part: Value): string {
  if (part instanceof Date) return part.toISOString()
  return typeof part === 'string' ? JSON.stringify(part.slice(0, 100)) : String(part)
}
