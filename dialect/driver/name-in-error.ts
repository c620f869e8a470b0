import { ConstraintError, FokosError } from '../../engine/errors.js'
import { decodeItem } from '../../engine/values/item-text.js'
import type { Value } from '../../engine/values/value.js'
import type { CompiledOperation } from '../compiler/statement.js'
import { describeKey } from '../schema/describe-key.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'
import { readParts } from './readable-key.js'

type Row = { readonly [column: string]: Value }

/** Adds to an engine's error what the engine does not know: the table, and which row. */
export function nameInError(
  error: unknown,
  table: TableSchema,
  operation: CompiledOperation,
  schema: DatabaseSchema,
): unknown {
  nameRowInError(error, schema)
  if (!(error instanceof FokosError) || error.details.table !== undefined) return error
  const { index } = error.details
  const change = index === undefined || operation.kind !== 'write' ? undefined : operation.changes[index]
  const row = change !== undefined && 'item' in change ? decodeItem(change.item) : undefined
  const hint = error instanceof ConstraintError ? ': use onConflict or replaceInto if that may happen' : ''
  return name(error, table, row, hint)
}

/** Adds the table and the row that an engine's error names by its key: a commit's belong to no statement. */
export function nameRowInError(error: unknown, schema: DatabaseSchema): unknown {
  if (!(error instanceof FokosError) || error.details.table !== undefined) return error
  const { hashKey, sortKey } = error.details
  if (!(hashKey instanceof Uint8Array) || !(sortKey instanceof Uint8Array)) return error
  const [tableName, ...sort] = readParts(sortKey) ?? []
  const table = typeof tableName === 'string' ? schema.table(tableName) : undefined
  if (table === undefined) return error
  const columns = [table.hashKey, ...table.sortKey]
  const parts = [...(readParts(hashKey) ?? []), ...sort].map((part, i) => [columns[i] as string, part])
  return name(error, table, Object.fromEntries(parts))
}

function name(error: FokosError, table: TableSchema, row?: Row, hint = ''): FokosError {
  const which = row === undefined ? '' : ` (${describeKey(row, table)})`
  error.message = `${table.name}${which}: ${error.message}${hint}`
  Object.assign(error.details, { table: table.name })
  // The stack begins with the message; and from here it leads to who executed, not into the engine.
  Error.captureStackTrace?.(error, name)
  return error
}
