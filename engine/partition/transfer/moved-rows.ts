import { holdsKey, type Interval } from '../../keys/interval.js'
import type { ItemKey, KeySet, MovedRow, Version } from '../../operations.js'
import type { Millis, PartitionName, Storage } from '../../ports.js'
import { holds, holdsHashKey } from '../../topology/key-set.js'
import { type ItemText, textBytes } from '../../values/item-text.js'
import { chunksOf } from '../chunks.js'
import { claimsNothing, clipClaim } from '../claim.js'
import type { PreparedPart } from '../part-store.js'
import { decodePart, encodePart, PIECE } from '../part-store.js'
import { fitsInline } from '../schema.js'
import { noteEnding } from '../storage-format.js'

/** Where a row is that moves. */
export type RowPlace =
  | { readonly table: 'items'; readonly hashKey: Uint8Array; readonly sortKey: Uint8Array }
  | {
      readonly table: 'transactions'
      readonly hashKey: Uint8Array
      readonly id: number
      /** Null where nobody knows: then it belongs to everything at the hash key. */
      readonly sortKey: Uint8Array | null
    }
  | { readonly table: 'parts'; readonly hashKey: Uint8Array; readonly id: number; readonly piece: number }
  | { readonly table: 'promoted'; readonly hashKey: Uint8Array }

/** Whether a row may belong to a set. Of a part, a piece may. */
export function mayBelong(place: RowPlace, set: KeySet): boolean {
  switch (place.table) {
    case 'items':
      return holds(set, place.hashKey, place.sortKey)
    case 'transactions':
      return place.sortKey === null
        ? holdsHashKey(set, place.hashKey)
        : holds(set, place.hashKey, place.sortKey)
    case 'parts':
      return holdsHashKey(set, place.hashKey)
    case 'promoted':
      // A promoted hash key has nothing else here to move than that it is one.
      return set.kind === 'child' && holdsHashKey(set, place.hashKey)
  }
}

const SQL = {
  item: `SELECT version, token, coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = i.version)),
      expires
    FROM items i WHERE hash_key = ? AND sort_key = ?`,
  putItem: `INSERT INTO items (hash_key, sort_key, version, token, value, expires) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value,
      expires = excluded.expires`,
  putLarge: 'INSERT INTO large_values (version, value) VALUES (?, ?)',
  deleteItem: 'DELETE FROM items WHERE hash_key = ? AND sort_key = ?',
  record: 'SELECT sort_key, stored, record FROM transactions WHERE hash_key = ? AND id = ? ORDER BY chunk',
  putRecord:
    'INSERT INTO transactions (hash_key, id, chunk, sort_key, stored, record) VALUES (?, ?, ?, ?, ?, ?)',
  deleteRecord: 'DELETE FROM transactions WHERE hash_key = ? AND id = ?',
  part: `SELECT part FROM parts WHERE hash_key = ? AND attempt = ? AND chunk >= ? AND chunk < ? ORDER BY chunk`,
  putPart: 'INSERT INTO parts (hash_key, attempt, chunk, part) VALUES (?, ?, ?, ?)',
  deletePart: 'DELETE FROM parts WHERE hash_key = ? AND attempt = ? AND chunk >= ? AND chunk < ?',
  promoted: 'SELECT partition FROM promoted WHERE hash_key = ?',
  putPromoted: `INSERT INTO promoted (hash_key, partition) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET partition = excluded.partition`,
  deletePromoted: 'DELETE FROM promoted WHERE hash_key = ?',
} as const

/** What of a place there is now for a set that it may belong to. */
export function readMovedRow(storage: Storage, place: RowPlace, set: KeySet): MovedRow {
  const { hashKey } = place
  switch (place.table) {
    case 'items': {
      const [row] = [...storage.rows(SQL.item, hashKey, place.sortKey)]
      const { sortKey } = place
      if (row === undefined) return { table: 'items', hashKey, sortKey, row: null }
      return { table: 'items', hashKey, sortKey, row: movedItem(row as unknown as MovedItemRow) }
    }
    case 'transactions': {
      const { id } = place
      const rows = [...storage.rows(SQL.record, hashKey, id)]
      const [first] = rows
      if (first === undefined) return { table: 'transactions', hashKey, id, row: null }
      const [sortKey, stored] = first as unknown as [Uint8Array | null, number]
      const record = rows.map(([, , chunk]) => chunk).join('')
      return { table: 'transactions', hashKey, id, row: { sortKey, stored, record } }
    }
    case 'parts': {
      const { id, piece } = place
      const rows = [...storage.rows(SQL.part, hashKey, id, piece * PIECE, (piece + 1) * PIECE)]
      const text = rows.map(([chunk]) => chunk).join('')
      const row = rows.length === 0 ? null : clippedPart(hashKey, text, set)
      return { table: 'parts', hashKey, id, piece, row }
    }
    case 'promoted': {
      const [row] = [...storage.rows(SQL.promoted, hashKey)]
      return { table: 'promoted', hashKey, row: (row?.[0] as PartitionName | undefined) ?? null }
    }
  }
}

/** What a row of `items` holds beside its key. */
export type MovedItemRow = readonly [version: Version, token: number, item: ItemText, expires: Millis | null]

/** An item as it moves. */
export function movedItem([version, token, item, expires]: MovedItemRow) {
  return { version, token, item, ...(expires === null ? undefined : { expires }) }
}

/** Puts a row that has moved in its place, whatever is there. To be called in an atomic section. */
export function storeMovedRow(storage: Storage, moved: MovedRow): void {
  const { hashKey } = moved
  switch (moved.table) {
    case 'items':
      storeItem(storage, moved, moved.row)
      return
    case 'transactions':
      storage.run(SQL.deleteRecord, hashKey, moved.id)
      if (moved.row === null) return
      for (const [i, chunk] of chunksOf(moved.row.record).entries()) {
        storage.run(SQL.putRecord, hashKey, moved.id, i, moved.row.sortKey, moved.row.stored, chunk)
      }
      return
    case 'parts': {
      const from = moved.piece * PIECE
      storage.run(SQL.deletePart, hashKey, moved.id, from, from + PIECE)
      if (moved.row === null) return
      if (decodePart(hashKey, moved.row).writes.some(({ expires }) => expires !== null)) noteEnding(storage)
      for (const [i, chunk] of chunksOf(moved.row).entries()) {
        storage.run(SQL.putPart, hashKey, moved.id, from + i, chunk)
      }
      return
    }
    case 'promoted':
      if (moved.row === null) storage.run(SQL.deletePromoted, hashKey)
      else storage.run(SQL.putPromoted, hashKey, moved.row)
      return
  }
}

/** About what a row takes to send. */
export function movedBytes(moved: MovedRow): number {
  const base = moved.hashKey.length + 64
  switch (moved.table) {
    case 'items':
      return base + moved.sortKey.length + (moved.row?.item.length ?? 0)
    case 'transactions':
      return base + (moved.row?.record.length ?? 0)
    default:
      return base + (moved.row?.length ?? 0)
  }
}

function storeItem(
  storage: Storage,
  { hashKey, sortKey }: ItemKey,
  row: (MovedRow & { table: 'items' })['row'],
): void {
  if (row === null) {
    storage.run(SQL.deleteItem, hashKey, sortKey)
    return
  }
  const { version, token, item, expires = null } = row
  if (expires !== null) noteEnding(storage)
  const inline = fitsInline(hashKey.length, sortKey.length, textBytes(item))
  storage.run(SQL.putItem, hashKey, sortKey, version, token, inline ? item : null, expires)
  if (!inline) storage.run(SQL.putLarge, version, item)
}

/** What of a part belongs to a set, as text; null, if nothing of it does. */
function clippedPart(hashKey: Uint8Array, text: string, set: KeySet): string | null {
  if (set.kind !== 'interval') return text
  const clipped = clipPart(decodePart(hashKey, text), [set.interval])
  return clipped === undefined ? null : encodePart(clipped)
}

/** What of a part lies in some intervals; nothing, if nothing does. */
export function clipPart(part: PreparedPart, intervals: readonly Interval[]): PreparedPart | undefined {
  const claim = clipClaim(part.claim, intervals)
  if (claimsNothing(claim)) return undefined
  const writes = part.writes.filter(({ key }) => intervals.some((each) => holdsKey(each, key.sortKey)))
  return { ...part, claim, writes }
}
