import { compareBytes, sameBytes } from '../../keys/compare-bytes.js'
import type { Interval } from '../../keys/interval.js'
import type { CopyCursor, ItemKey, KeySet, MovedRow } from '../../operations.js'
import type { Storage } from '../../ports.js'
import { EVERYTHING, holdsHashKey } from '../../topology/key-set.js'
import { PIECE } from '../part-store.js'
import {
  type MovedItemRow,
  mayBelong,
  movedBytes,
  movedItem,
  type RowPlace,
  readMovedRow,
} from './moved-rows.js'

/** What a page holds at most, about. */
const MAX_BYTES = 400_000

/** So many rows of one hash key that does not belong to a set are looked at before the rest of them is leapt over. */
const MANY_STRANGERS = 50

/** The tables, in the order in which they are copied. */
const TABLES = ['items', 'transactions', 'parts', 'promoted'] as const

/** A page of what moves, and up to where it goes; nothing, at the end. */
export interface CopyPage {
  readonly rows: readonly MovedRow[]
  readonly upTo?: CopyCursor
}

const SQL = {
  keys: `SELECT hash_key, sort_key FROM items
    WHERE (hash_key, sort_key) > (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
  keysFromStart: `SELECT hash_key, sort_key FROM items
    WHERE (hash_key, sort_key) >= (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
  ofHashKey: `SELECT sort_key, version, token,
      coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = i.version)), expires
    FROM items i WHERE hash_key = ? AND sort_key > ? AND sort_key < ? ORDER BY sort_key LIMIT ?`,
  first: `SELECT sort_key, version, token,
      coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = i.version)), expires
    FROM items i WHERE hash_key = ? AND sort_key = ?`,
  transactions: `SELECT hash_key, id, sort_key FROM transactions
    WHERE (hash_key, id) > (?, ?) AND chunk = 0 ORDER BY hash_key, id LIMIT ?`,
  parts: `SELECT hash_key, attempt, chunk FROM parts
    WHERE (hash_key, attempt) > (?, ?) AND chunk & 1023 = 0 ORDER BY hash_key, attempt, chunk LIMIT ?`,
  partsOf: 'SELECT chunk FROM parts WHERE hash_key = ? AND attempt = ? AND chunk & 1023 = 0 ORDER BY chunk',
  promoted:
    'SELECT hash_key FROM promoted WHERE hash_key > ?1 OR (?2 AND hash_key = ?1) ORDER BY hash_key LIMIT ?3',
} as const

/** Which of two places is copied first. */
export function compareCursors(left: CopyCursor, right: CopyCursor): number {
  return (
    TABLES.indexOf(left.table) - TABLES.indexOf(right.table) ||
    compareBytes(left.hashKey, right.hashKey) ||
    compareBytes(left.sortKey ?? new Uint8Array(), right.sortKey ?? new Uint8Array()) ||
    (left.id ?? 0) - (right.id ?? 0)
  )
}

/** Where a row comes among all that is copied. */
export function cursorOf(place: RowPlace): CopyCursor {
  const { table, hashKey } = place
  switch (place.table) {
    case 'items':
      return { table, hashKey, sortKey: place.sortKey }
    case 'promoted':
      return { table, hashKey }
    default:
      return { table, hashKey, id: place.id }
  }
}

/**
 * The next page of a set, behind a place.
 *
 * @param most rows that are looked at.
 * @param keeps whether a hash key is served here: what is left of one that has moved is not copied.
 */
export function copyPage(
  storage: Storage,
  set: KeySet,
  after: CopyCursor | undefined,
  most: number,
  keeps: (hashKey: Uint8Array) => boolean,
): CopyPage {
  const page = new Page(storage, set, most, keeps)
  let from = after
  for (const table of TABLES) {
    if (from !== undefined && TABLES.indexOf(from.table) > TABLES.indexOf(table)) continue
    const behind = from?.table === table ? from : undefined
    if (!page.copy(table, behind)) return { rows: page.rows, upTo: page.upTo as CopyCursor }
    from = undefined
  }
  return { rows: page.rows }
}

const NOTHING = new Uint8Array()

/** A page in the making. */
class Page {
  readonly rows: MovedRow[] = []
  upTo: CopyCursor | undefined
  readonly #storage: Storage
  readonly #set: KeySet
  readonly #most: number
  readonly #keeps: (hashKey: Uint8Array) => boolean
  #looks = 0
  #bytes = 0

  constructor(storage: Storage, set: KeySet, most: number, keeps: (hashKey: Uint8Array) => boolean) {
    this.#most = most
    this.#storage = storage
    this.#set = set
    this.#keeps = keeps
  }

  /** Copies from a table what there is room for. @returns whether that was all. */
  copy(table: MovedRow['table'], behind: CopyCursor | undefined): boolean {
    switch (table) {
      case 'items':
        return this.#set.kind === 'child' ? this.#itemsOfChild(behind) : this.#itemsOfHashKey(behind)
      case 'transactions':
        return this.#places(
          this.#storage.rows(SQL.transactions, behind?.hashKey ?? NOTHING, behind?.id ?? -1, this.#most + 1),
          ([hashKey, id, sortKey]) => ({ table, hashKey, id, sortKey }) as RowPlace,
        )
      case 'parts':
        return this.#parts(behind)
      case 'promoted':
        return this.#places(
          this.#storage.rows(
            SQL.promoted,
            behind?.hashKey ?? NOTHING,
            behind === undefined ? 1 : 0,
            this.#most + 1,
          ),
          ([hashKey]) => ({ table, hashKey }) as RowPlace,
        )
    }
  }

  get #full(): boolean {
    return this.#looks >= this.#most || this.#bytes >= MAX_BYTES
  }

  #add(row: MovedRow | undefined, cursor: CopyCursor): void {
    this.#looks++
    this.upTo = cursor
    if (row === undefined) return
    this.rows.push(row)
    this.#bytes += movedBytes(row)
  }

  /**
   * Keys are looked at first, without their values: most belong to others. A hash key of many rows that does not
   * belong to the set is leapt over.
   */
  #itemsOfChild(behind: CopyCursor | undefined): boolean {
    let last: ItemKey | undefined
    if (behind?.sortKey !== undefined) last = { hashKey: behind.hashKey, sortKey: behind.sortKey }
    for (;;) {
      const { keys, leap } = this.#nextKeys(last)
      if (keys.length === 0) return true
      for (const { hashKey, sortKey, mine } of keys) {
        if (this.#full) return false
        last = { hashKey, sortKey }
        const place = { table: 'items', hashKey, sortKey } as const
        const row = mine ? readMovedRow(this.#storage, place, this.#set) : undefined
        this.#add(row, place)
      }
      if (leap === undefined) continue
      last = leap
      this.upTo = { table: 'items', ...leap }
    }
  }

  /** The keys behind one, and whether each belongs to the set; up to one to leap from, if there is one. */
  #nextKeys(last: ItemKey | undefined): {
    keys: (ItemKey & { readonly mine: boolean })[]
    leap?: ItemKey
  } {
    const keys: (ItemKey & { readonly mine: boolean })[] = []
    const from = last ?? { hashKey: NOTHING, sortKey: NOTHING }
    const sql = last === undefined ? SQL.keysFromStart : SQL.keys
    let hash: Uint8Array | undefined
    let mine = false
    let strangers = 0
    for (const row of this.#storage.rows(sql, from.hashKey, from.sortKey, this.#most)) {
      const [hashKey, sortKey] = row as unknown as [Uint8Array, Uint8Array]
      if (hash === undefined || !sameBytes(hash, hashKey)) {
        hash = hashKey
        mine = holdsHashKey(this.#set, hashKey) && this.#keeps(hashKey)
        strangers = 0
      }
      keys.push({ hashKey, sortKey, mine })
      if (!mine) strangers++
      if (strangers >= MANY_STRANGERS) return { keys, leap: { hashKey, sortKey: EVERYTHING.to } }
    }
    return { keys }
  }

  #itemsOfHashKey(behind: CopyCursor | undefined): boolean {
    const { hashKey, ...rest } = this.#set as KeySet & { kind: 'hashKey' | 'interval' }
    const interval: Interval = 'interval' in rest ? rest.interval : EVERYTHING
    const add = (row: unknown) => {
      const [sortKey, ...item] = row as readonly [Uint8Array, ...MovedItemRow]
      this.#add(
        { table: 'items', hashKey, sortKey, row: movedItem(item) },
        { table: 'items', hashKey, sortKey },
      )
    }
    let from = behind?.sortKey
    if (from === undefined) {
      from = interval.from
      for (const row of this.#storage.rows(SQL.first, hashKey, from)) add(row)
    }
    const rows = this.#storage.rows(SQL.ofHashKey, hashKey, from, interval.to, this.#most + 1)
    for (const row of rows) {
      if (this.#full) return false
      add(row)
    }
    return true
  }

  /** All pieces of an attempt at a hash key are on one page. */
  #parts(behind: CopyCursor | undefined): boolean {
    const places = [
      ...this.#storage.rows(SQL.parts, behind?.hashKey ?? NOTHING, behind?.id ?? -1, this.#most + 1),
    ]
    const seen = new Set<string>()
    for (const [hash, attempt] of places as unknown as [Uint8Array, number, number][]) {
      const name = `${hash.join()}/${attempt}`
      if (seen.has(name)) continue
      if (this.#full) return false
      seen.add(name)
      for (const [chunk] of [...this.#storage.rows(SQL.partsOf, hash, attempt)]) {
        const piece = Math.floor((chunk as number) / PIECE)
        this.#place({ table: 'parts', hashKey: hash, id: attempt, piece })
      }
    }
    return places.length <= this.#most
  }

  #places(rows: Iterable<unknown>, toPlace: (row: readonly unknown[]) => RowPlace): boolean {
    for (const row of [...rows] as (readonly unknown[])[]) {
      if (this.#full) return false
      this.#place(toPlace(row))
    }
    return true
  }

  #place(place: RowPlace): void {
    // The other half of a range may have moved already, with what it has of the same hash key.
    const leftOver = this.#set.kind === 'child' && place.table !== 'promoted' && !this.#keeps(place.hashKey)
    const row =
      mayBelong(place, this.#set) && !leftOver ? readMovedRow(this.#storage, place, this.#set) : undefined
    this.#add(row?.row === null ? undefined : row, cursorOf(place))
  }
}
