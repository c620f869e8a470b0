import { ConstraintError, FokosError } from '../../engine/errors.js'
import { decodeKey, type KeyPart } from '../../engine/keys/key-codec.js'
import type { ItemKey } from '../../engine/operations.js'
import type { CompiledOperation } from '../compiler/statement.js'
import type { TableSchema } from '../schema/table-schema.js'

/** Adds to an engine's error what the engine does not know: the table, and which row. */
export function nameInError(error: unknown, table: TableSchema, operation: CompiledOperation): unknown {
  if (!(error instanceof FokosError) || error.details.table !== undefined) return error
  const { index } = error.details
  const key = index === undefined || operation.kind !== 'write' ? undefined : operation.changes[index]?.key
  const row = key === undefined ? '' : ` (${describeKey(key, table)})`
  const hint =
    error instanceof ConstraintError ? ': use onConflict, orIgnore or replaceInto if that may happen' : ''
  error.message = `${table.name}${row}: ${error.message}${hint}`
  Object.assign(error.details, { table: table.name })
  return error
}

/** A row's key as its columns: `origin = "SFO", departs_at = 2001-01-01T06:00:00.000Z`. */
function describeKey({ hashKey, sortKey }: ItemKey, table: TableSchema): string {
  const values = [...decodeKey(hashKey), ...decodeKey(sortKey).slice(1)]
  return [table.hashKey, ...table.sortKey]
    .slice(0, values.length)
    .map((column, i) => `${column} = ${describePart(values[i] as KeyPart)}`)
    .join(', ')
}

function describePart(part: KeyPart): string {
  if (part instanceof Date) return part.toISOString()
  if (part instanceof Uint8Array) return `${part.length} bytes`
  return typeof part === 'string' ? JSON.stringify(part) : String(part)
}
