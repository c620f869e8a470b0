import type { Value } from '../../engine/values/value.js'
import type { TableSchema } from './table-schema.js'

/** A row's key as its columns: `origin = "SFO", departs_at = 2001-01-01T06:00:00.000Z`. */
export function describeKey(
  row: { readonly [column: string]: Value },
  { hashKey, sortKey }: Pick<TableSchema, 'hashKey' | 'sortKey'>,
): string {
  return [hashKey, ...sortKey]
    .filter((column) => row[column] !== undefined)
    .map((column) => `${column} = ${describePart(row[column])}`)
    .join(', ')
}

function describePart(part: Value): string {
  if (part instanceof Date) return part.toISOString()
  return typeof part === 'string' ? JSON.stringify(part.slice(0, 100)) : String(part)
}
