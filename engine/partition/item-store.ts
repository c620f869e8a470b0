import { isOver, NEVER } from '../changes/ending.js'
import type { ItemTable } from '../changes/item-table.js'
import { assert } from '../errors.js'
import { type Interval, successor } from '../keys/interval.js'
import { mark } from '../mark.js'
import type { FoundItem, ItemKey, Version } from '../operations.js'
import type { Millis, SqlRow, Storage } from '../ports.js'
import { type ItemText, textBytes } from '../values/item-text.js'
import type { ExpiryClock } from './expiry-clock.js'
import { fitsInline } from './schema.js'

/** An item as its row holds it. */
export interface StoredItem extends FoundItem {
  readonly token: number
  /** When it ends by itself; null: never. */
  readonly expires: Millis | null
}

interface StoredItemWithKey extends StoredItem {
  readonly sortKey: Uint8Array
}

/** An item that was looked at: it may have ended, and is not there then. */
export interface LookedAt extends StoredItemWithKey {
  readonly over: boolean
}

/** An item that has ended, and is still in its row. */
export interface Ended {
  readonly key: ItemKey
  readonly version: Version
}

/** The texts are constants, because the database keeps prepared what it has seen before. */
const VALUE = 'coalesce(i.value, (SELECT l.value FROM large_values l WHERE l.version = i.version))'
/** The attempts that hold locks under the hash key, in order: what an instance knows of locks is held against it. */
const LOCKED = '(SELECT group_concat(attempt) FROM parts WHERE hash_key = ?1 AND chunk & 1023 = 0)'
/** How often keys have moved away, with the same purpose. */
const MOVED = '(SELECT mark FROM marks WHERE id = 1)'
const RANGE = 'hash_key = ?1 AND sort_key >= ?2 AND sort_key < ?3'
const SQL = {
  get: `SELECT ${LOCKED}, ${MOVED}, i.version, i.token, ${VALUE}, i.expires FROM (SELECT 1)
    LEFT JOIN items i ON i.hash_key = ?1 AND i.sort_key = ?2`,
  ascending: `SELECT ${LOCKED}, ${MOVED}, version, token, ${VALUE}, expires, sort_key FROM items i
    WHERE ${RANGE} ORDER BY sort_key LIMIT ?4`,
  descending: `SELECT ${LOCKED}, ${MOVED}, version, token, ${VALUE}, expires, sort_key FROM items i
    WHERE ${RANGE} ORDER BY sort_key DESC LIMIT ?4`,
  versions: `SELECT sort_key, version, expires FROM items WHERE ${RANGE} ORDER BY sort_key`,
  version: 'SELECT version, expires FROM items WHERE hash_key = ? AND sort_key = ?',
  locked: `SELECT ${LOCKED}, ${MOVED}`,
  insert: `INSERT INTO items (hash_key, sort_key, version, token, value, expires) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value,
      expires = excluded.expires
    WHERE items.expires <= ?7 RETURNING 1`,
  put: `INSERT INTO items (hash_key, sort_key, version, token, value, expires) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value,
      expires = excluded.expires
    RETURNING 1`,
  putLarge: 'INSERT INTO large_values (version, value) VALUES (?, ?)',
  delete: 'DELETE FROM items WHERE hash_key = ? AND sort_key = ? RETURNING version, expires',
  bury: 'DELETE FROM items WHERE hash_key = ? AND sort_key = ? AND version = ? RETURNING 1',
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
  /** An item is written that ends by itself then, if what surrounds it succeeds. */
  ends(expires: Millis): void
  /** An item has ended, and is about to be taken for absent. Throws if somebody counts on its being there. */
  over(key: ItemKey): void
  /** Items that have ended are about to be deleted. */
  burying(): void
  /** An item that had ended is deleted, if what surrounds it succeeds. It is not told as changed or deleted beside. */
  buried(ended: Ended): void
}

/**
 * The rows of items: what is where, and nothing of why.
 *
 * An item that has ended is not there. Whoever comes upon its row deletes it, in the same section: an instance whose
 * clock is behind would find it again.
 */
export class ItemStore implements ItemTable {
  readonly #storage: Storage
  readonly #clock: ExpiryClock
  readonly #watch: ItemStoreWatch
  /** What was come upon that had ended, and is to be deleted. */
  #ended: Ended[] = []
  /** Whether that is done when a section that is under way is over. */
  #defers = false
  /** When the first item ends of those that were shown since somebody wanted to know. */
  #soonest: Millis = Number.POSITIVE_INFINITY

  constructor(storage: Storage, clock: ExpiryClock, watch: ItemStoreWatch) {
    this.#storage = storage
    this.#clock = clock
    this.#watch = watch
  }

  get(key: ItemKey): StoredItem | undefined {
    const stored = this.peek(key)
    if (stored === undefined || !this.isOver(key, stored)) return stored
    this.bury()
    return undefined
  }

  /** An item as its row holds it, also when it has ended. */
  peek({ hashKey, sortKey }: ItemKey): StoredItem | undefined {
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
    for (const item of this.look(hashKey, interval, descending, limit)) if (!item.over) yield item
  }

  /** The same, with the rows between them whose items have ended. */
  *look(hashKey: Uint8Array, interval: Interval, descending: boolean, limit: number): Generator<LookedAt> {
    const sql = descending ? SQL.descending : SQL.ascending
    let { from, to } = interval
    try {
      for (let wanted = limit, first = true; wanted > 0; first = false) {
        let rows = 0
        let over = 0
        for (const row of this.#storage.rows(sql, hashKey, from, to, wanted)) {
          if (rows === 0) this.#found(hashKey, row)
          rows++
          const stored = storedItem(row)
          const sortKey = row[6] as Uint8Array
          if (descending) to = sortKey
          else from = successor(sortKey)
          const ended = this.isOver({ hashKey, sortKey }, stored)
          if (ended) over++
          yield { ...stored, sortKey, over: ended }
        }
        if (rows === 0 && first) this.checkLocks(hashKey)
        // As many as have ended are still wanted, if there are more.
        wanted = rows < wanted ? 0 : over
      }
    } finally {
      this.bury()
    }
  }

  /** The versions of an interval's items, with their sort keys. */
  *versions(hashKey: Uint8Array, interval: Interval): Generator<readonly [Uint8Array, Version]> {
    for (const { sortKey, version, over } of this.lookAtVersions(hashKey, interval)) {
      if (!over) yield [sortKey, version]
    }
  }

  /** The same, with the rows between them whose items have ended. */
  *lookAtVersions(
    hashKey: Uint8Array,
    interval: Interval,
  ): Generator<Pick<LookedAt, 'sortKey' | 'version' | 'over'>> {
    try {
      for (const row of this.#storage.rows(SQL.versions, hashKey, interval.from, interval.to)) {
        const [sortKey, version, expires] = row as unknown as [Uint8Array, Version, Millis | null]
        yield { sortKey, version, over: this.isOver({ hashKey, sortKey }, { version, expires }) }
      }
    } finally {
      this.bury()
    }
  }

  /** An item's version, null where there is none. */
  version(key: ItemKey): Version | null {
    const [row] = [...this.#storage.rows(SQL.version, key.hashKey, key.sortKey)]
    if (row === undefined) return null
    const [version, expires] = row as unknown as [Version, Millis | null]
    if (!this.isOver(key, { version, expires })) return version
    this.bury()
    return null
  }

  /** Whether an item whose row was read has ended. Then {@link bury} is to be called, when no more rows are taken. */
  isOver(key: ItemKey, { version, expires }: Pick<StoredItem, 'version' | 'expires'>): boolean {
    if (expires === null) return false
    if (!isOver(expires, this.#clock.now)) {
      this.#soonest = Math.min(this.#soonest, expires)
      return false
    }
    this.#watch.over(key)
    this.#ended.push({ key, version })
    return true
  }

  /** Deletes what was come upon that had ended: now, or when the section that {@link afterwards} runs is over. */
  bury(): void {
    if (this.#defers || this.#ended.length === 0) return
    MARK: mark('who finds that an item has ended deletes it')
    this.buryAll(this.#ended.splice(0))
  }

  /** Deletes items that have ended, where they are still what they were. */
  buryAll(ended: readonly Ended[]): void {
    this.#watch.burying()
    this.#storage.atomic(() => {
      for (const each of ended) {
        const { key, version } = each
        if ([...this.#storage.rows(SQL.bury, key.hashKey, key.sortKey, version)].length > 0)
          this.#watch.buried(each)
      }
    })
  }

  /** Runs an atomic section, which may be undone: what has ended is deleted behind it. */
  afterwards<T>(section: () => T): T {
    this.#defers = true
    try {
      return section()
    } finally {
      this.#defers = false
      this.bury()
    }
  }

  /** Runs a section, and says until when no item ends that it was shown. */
  lasting<T>(section: () => T): { readonly result: T; readonly until: Millis } {
    this.#soonest = Number.POSITIVE_INFINITY
    const result = section()
    return { result, until: this.#soonest }
  }

  /** Tells the watch of the locks under a hash key, and of keys that have moved away. */
  checkLocks(hashKey: Uint8Array): void {
    const [row] = [...this.#storage.rows(SQL.locked, hashKey)]
    assert(row !== undefined, 'a select without a table has a row')
    this.#found(hashKey, row)
  }

  /** Writes an item where none is. Says whether none was. */
  insert(key: ItemKey, item: ItemText, version: Version, token: number, { expires } = NEVER): boolean {
    const inserted = this.#write(SQL.insert, key, { item, version, token, expires }, this.#clock.now)
    // What writes nothing is a read, and must not be one of an instance that was replaced.
    if (!inserted) this.checkLocks(key.hashKey)
    return inserted
  }

  /** Writes an item, whatever was there. */
  put(key: ItemKey, item: ItemText, version: Version, token: number, { expires } = NEVER): void {
    assert(this.#write(SQL.put, key, { item, version, token, expires }), 'a put writes its row')
  }

  /** Says whether there was one. */
  delete({ hashKey, sortKey }: ItemKey): boolean {
    const [gone] = [...this.#storage.rows(SQL.delete, hashKey, sortKey)] as unknown as [
      Version,
      Millis | null,
    ][]
    if (gone !== undefined && isOver(gone[1], this.#clock.now)) {
      this.#watch.buried({ key: { hashKey, sortKey }, version: gone[0] })
      return false
    }
    if (gone !== undefined) {
      this.#watch.deleted({ hashKey, sortKey })
      this.#watch.changed({ hashKey, sortKey })
    } else this.checkLocks(hashKey)
    return gone !== undefined
  }

  #found(hashKey: Uint8Array, [attempts, mark]: SqlRow): void {
    this.#watch.found(hashKey, (attempts ?? '') as string, (mark ?? 0) as number)
  }

  #write(
    sql: string,
    { hashKey, sortKey }: ItemKey,
    { item, version, token, expires }: StoredItem,
    ...more: readonly number[]
  ): boolean {
    const inline = fitsInline(hashKey.length, sortKey.length, textBytes(item))
    const value = inline ? item : null
    const written =
      [...this.#storage.rows(sql, hashKey, sortKey, version, token, value, expires, ...more)].length > 0
    if (written && !inline) {
      MARK: mark('a large value is stored aside')
      this.#storage.run(SQL.putLarge, version, item)
    }
    if (written) this.#watch.changed({ hashKey, sortKey })
    if (written && expires !== null) this.#watch.ends(expires)
    return written
  }
}

function storedItem(row: SqlRow): StoredItem {
  const [, , version, token, value, expires] = row
  assert(typeof value === 'string', 'an item has a value, in its row or in the table of large ones')
  return {
    version: version as number,
    token: token as number,
    item: value as ItemText,
    expires: expires as Millis | null,
  }
}
