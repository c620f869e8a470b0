import { assert } from '../errors.js'
import type { Interval } from '../keys/interval.js'
import { mark } from '../mark.js'
import type { FoundItem, ItemKey, Version } from '../operations.js'
import type { SqlRow, Storage } from '../ports.js'
import { type ItemText, textBytes } from '../values/item-text.js'
import { fitsInline } from './schema.js'

/** An item as its row holds it. */
export interface StoredItem extends FoundItem {
  readonly token: number
}

interface StoredItemWithKey extends StoredItem {
  readonly sortKey: Uint8Array
}

/** The texts are constants, because the database keeps prepared what it has seen before. */
const VALUE = 'coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = items.version))'
const SQL = {
  get: `SELECT version, token, ${VALUE} FROM items WHERE hash_key = ? AND sort_key = ?`,
  ascending: `SELECT version, token, ${VALUE}, sort_key FROM items
    WHERE hash_key = ? AND sort_key >= ? AND sort_key < ? ORDER BY sort_key LIMIT ?`,
  descending: `SELECT version, token, ${VALUE}, sort_key FROM items
    WHERE hash_key = ? AND sort_key >= ? AND sort_key < ? ORDER BY sort_key DESC LIMIT ?`,
  insert: `INSERT INTO items (hash_key, sort_key, version, token, value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING RETURNING 1`,
  put: `INSERT INTO items (hash_key, sort_key, version, token, value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value
    RETURNING 1`,
  putLarge: 'INSERT INTO large_values (version, value) VALUES (?, ?)',
  delete: 'DELETE FROM items WHERE hash_key = ? AND sort_key = ? RETURNING 1',
} as const

/** The rows of items: what is where, and nothing of why. */
export class ItemStore {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get({ hashKey, sortKey }: ItemKey): StoredItem | undefined {
    // Taking all rows, of which there is one, lets the database keep the statement prepared.
    const [row] = [...this.#storage.rows(SQL.get, hashKey, sortKey)]
    return row === undefined ? undefined : storedItem(row)
  }

  /** The first `limit` items of an interval in order, each read when it is asked for. */
  *range(
    hashKey: Uint8Array,
    interval: Interval,
    descending: boolean,
    limit: number,
  ): Generator<StoredItemWithKey> {
    const sql = descending ? SQL.descending : SQL.ascending
    for (const row of this.#storage.rows(sql, hashKey, interval.from, interval.to, limit)) {
      yield { ...storedItem(row), sortKey: row[3] as Uint8Array }
    }
  }

  /** Writes an item where none is. Says whether none was. */
  insert(key: ItemKey, item: ItemText, version: Version, token: number): boolean {
    return this.#write(SQL.insert, key, item, version, token)
  }

  /** Writes an item, whatever was there. */
  put(key: ItemKey, item: ItemText, version: Version, token: number): void {
    assert(this.#write(SQL.put, key, item, version, token), 'a put writes its row')
  }

  /** Says whether there was one. */
  delete({ hashKey, sortKey }: ItemKey): boolean {
    return [...this.#storage.rows(SQL.delete, hashKey, sortKey)].length > 0
  }

  #write(
    sql: string,
    { hashKey, sortKey }: ItemKey,
    item: ItemText,
    version: Version,
    token: number,
  ): boolean {
    const inline = fitsInline(hashKey.length, sortKey.length, textBytes(item))
    const value = inline ? item : null
    const written = [...this.#storage.rows(sql, hashKey, sortKey, version, token, value)].length > 0
    if (written && !inline) {
      MARK: mark('a large value is stored aside')
      this.#storage.run(SQL.putLarge, version, item)
    }
    return written
  }
}

function storedItem(row: SqlRow): StoredItem {
  const [version, token, value] = row
  assert(typeof value === 'string', 'an item has a value, in its row or in the table of large ones')
  return { version: version as number, token: token as number, item: value as ItemText }
}
