import type { ItemTable } from '../changes/item-table.js'
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
const VALUE = 'coalesce(i.value, (SELECT l.value FROM large_values l WHERE l.version = i.version))'
/** The attempts that hold locks under the hash key, in order: what an instance knows of locks is held against it. */
const LOCKED = '(SELECT group_concat(attempt) FROM parts WHERE hash_key = ?1 AND chunk & 1023 = 0)'
/** How often keys have moved away, with the same purpose. */
const MOVED = '(SELECT mark FROM marks WHERE id = 1)'
const RANGE = 'hash_key = ?1 AND sort_key >= ?2 AND sort_key < ?3'
const SQL = {
  get: `SELECT ${LOCKED}, ${MOVED}, i.version, i.token, ${VALUE} FROM (SELECT 1)
    LEFT JOIN items i ON i.hash_key = ?1 AND i.sort_key = ?2`,
  ascending: `SELECT ${LOCKED}, ${MOVED}, version, token, ${VALUE}, sort_key FROM items i
    WHERE ${RANGE} ORDER BY sort_key LIMIT ?4`,
  descending: `SELECT ${LOCKED}, ${MOVED}, version, token, ${VALUE}, sort_key FROM items i
    WHERE ${RANGE} ORDER BY sort_key DESC LIMIT ?4`,
  versions: `SELECT sort_key, version FROM items WHERE ${RANGE} ORDER BY sort_key`,
  version: 'SELECT version FROM items WHERE hash_key = ? AND sort_key = ?',
  locked: `SELECT ${LOCKED}, ${MOVED}`,
  insert: `INSERT INTO items (hash_key, sort_key, version, token, value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING RETURNING 1`,
  put: `INSERT INTO items (hash_key, sort_key, version, token, value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value
    RETURNING 1`,
  putLarge: 'INSERT INTO large_values (version, value) VALUES (?, ?)',
  delete: 'DELETE FROM items WHERE hash_key = ? AND sort_key = ? RETURNING 1',
} as const

/** What an item store tells of what it meets. */
export interface ItemStoreWatch {
  /**
   * Which attempts hold locks under a hash key, and how often keys have moved away, by the storage. Throws if that
   * cannot be.
   */
  found(hashKey: Uint8Array, attempts: string, mark: number): void
  /** An item is written or deleted, if what surrounds it succeeds. */
  changed(key: ItemKey): void
  /** An item is deleted, or would be if what surrounds it succeeds. */
  deleted(key: ItemKey): void
}

/** The rows of items: what is where, and nothing of why. */
export class ItemStore implements ItemTable {
  readonly #storage: Storage
  readonly #watch: ItemStoreWatch

  constructor(storage: Storage, watch: ItemStoreWatch) {
    this.#storage = storage
    this.#watch = watch
  }

  get({ hashKey, sortKey }: ItemKey): StoredItem | undefined {
    // Taking all rows, of which there is one, lets the database keep the statement prepared.
    const [row] = [...this.#storage.rows(SQL.get, hashKey, sortKey)]
    assert(row !== undefined, 'a left join has a row')
    this.#found(hashKey, row)
    return row[2] === null ? undefined : storedItem(row)
  }

  /** The first `limit` items of an interval in order, each read when it is asked for. */
  *range(
    hashKey: Uint8Array,
    interval: Interval,
    descending: boolean,
    limit: number,
  ): Generator<StoredItemWithKey> {
    const sql = descending ? SQL.descending : SQL.ascending
    let empty = true
    for (const row of this.#storage.rows(sql, hashKey, interval.from, interval.to, limit)) {
      if (empty) this.#found(hashKey, row)
      empty = false
      yield { ...storedItem(row), sortKey: row[5] as Uint8Array }
    }
    if (empty) this.checkLocks(hashKey)
  }

  /** The versions of an interval's items, with their sort keys. */
  *versions(hashKey: Uint8Array, interval: Interval): Generator<readonly [Uint8Array, Version]> {
    for (const row of this.#storage.rows(SQL.versions, hashKey, interval.from, interval.to)) {
      yield [row[0] as Uint8Array, row[1] as Version]
    }
  }

  /** An item's version, null where there is none. */
  version({ hashKey, sortKey }: ItemKey): Version | null {
    const [row] = [...this.#storage.rows(SQL.version, hashKey, sortKey)]
    return row === undefined ? null : (row[0] as Version)
  }

  /** Tells the watch of the locks under a hash key, and of keys that have moved away. */
  checkLocks(hashKey: Uint8Array): void {
    const [row] = [...this.#storage.rows(SQL.locked, hashKey)]
    assert(row !== undefined, 'a select without a table has a row')
    this.#found(hashKey, row)
  }

  /** Writes an item where none is. Says whether none was. */
  insert(key: ItemKey, item: ItemText, version: Version, token: number): boolean {
    const inserted = this.#write(SQL.insert, key, item, version, token)
    // What writes nothing is a read, and must not be one of an instance that was replaced.
    if (!inserted) this.checkLocks(key.hashKey)
    return inserted
  }

  /** Writes an item, whatever was there. */
  put(key: ItemKey, item: ItemText, version: Version, token: number): void {
    assert(this.#write(SQL.put, key, item, version, token), 'a put writes its row')
  }

  /** Says whether there was one. */
  delete({ hashKey, sortKey }: ItemKey): boolean {
    const gone = [...this.#storage.rows(SQL.delete, hashKey, sortKey)].length > 0
    if (gone) {
      this.#watch.deleted({ hashKey, sortKey })
      this.#watch.changed({ hashKey, sortKey })
    } else this.checkLocks(hashKey)
    return gone
  }

  #found(hashKey: Uint8Array, [attempts, mark]: SqlRow): void {
    this.#watch.found(hashKey, (attempts ?? '') as string, (mark ?? 0) as number)
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
    if (written) this.#watch.changed({ hashKey, sortKey })
    return written
  }
}

function storedItem(row: SqlRow): StoredItem {
  const [, , version, token, value] = row
  assert(typeof value === 'string', 'an item has a value, in its row or in the table of large ones')
  return { version: version as number, token: token as number, item: value as ItemText }
}
