import type { Item, Value } from '../../engine/values/value.js'
import { makeDefault } from '../schema/column-defaults.js'
import type { TableSchema } from '../schema/table-schema.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** A row with the defaults of the columns that it does not have: functions are called now, once. */
export function fillDefaults(row: Item, table: TableSchema): Item {
  if (table.defaults.size === 0) return row
  const filled: Record<string, Value> = Object.assign(Object.create(null), row)
  for (const [column, declared] of table.defaults) {
    if (filled[column] === undefined) filled[column] = makeDefault(table.name, column, declared)
  }
  return filled
}

/** @throws {UnsupportedQueryError} when a row of nothing but defaults would have no key. */
export function checkDefaultKey({ name, hashKey, sortKey, defaults }: TableSchema): void {
  const column = [hashKey, ...sortKey].find((column) => !defaults.has(column))
  if (column !== undefined) throw new UnsupportedQueryError('default_values', { table: name, column })
}
