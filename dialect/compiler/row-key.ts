import { InvalidKeyError } from '../../engine/errors.js'
import { encodeKey, type KeyPart, whyNotAKeyPart } from '../../engine/keys/key-codec.js'
import type { ItemKey } from '../../engine/operations.js'
import type { Item } from '../../engine/values/value.js'
import type { TableSchema } from '../schema/table-schema.js'

/**
 * The key of a row: its hash key, and the table's name with its sort key.
 *
 * @throws {InvalidKeyError} when a key column is missing or holds what no key can.
 */
export function rowKey(row: Item, table: TableSchema): ItemKey {
  const sortKey: KeyPart[] = [table.name]
  for (const column of table.sortKey) {
    if (table.sortKeyOptional && row[column] === undefined) break
    sortKey.push(keyPart(row, column, table))
  }
  return { hashKey: encodeKey([keyPart(row, table.hashKey, table)]), sortKey: encodeKey(sortKey) }
}

function keyPart(row: Item, column: string, table: TableSchema): KeyPart {
  const details = { table: table.name, column }
  const value = Object.hasOwn(row, column) ? row[column] : undefined
  if (value === undefined) {
    throw new InvalidKeyError(
      `${table.name}.${column}: a row needs a value for every column of its key`,
      details,
    )
  }
  const why = whyNotAKeyPart(value)
  if (why !== undefined) throw new InvalidKeyError(`${table.name}.${column}: ${why}`, details)
  return value as KeyPart
}
