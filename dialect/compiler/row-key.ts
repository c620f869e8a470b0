import { encodeKey, type KeyPart } from '../../engine/keys/key-codec.js'
import type { ItemKey } from '../../engine/operations.js'
import type { Item } from '../../engine/values/value.js'
import type { TableSchema } from '../schema/table-schema.js'
import { keyPart } from './key-part.js'

/**
 * The key of a row: its hash key, and the table's name with its sort key.
 *
 * @throws {InvalidKeyError} when a key column is missing or holds what no key can.
 */
export function rowKey(row: Item, table: TableSchema): ItemKey {
  const sortKey: KeyPart[] = [table.name]
  for (const column of table.sortKey) {
    if (table.sortKeyOptional && row[column] === undefined) break
    sortKey.push(keyPart(row[column], column, table))
  }
  return {
    hashKey: encodeKey([keyPart(row[table.hashKey], table.hashKey, table)]),
    sortKey: encodeKey(sortKey),
  }
}
