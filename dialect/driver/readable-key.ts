import { append, type Interval } from '../../engine/keys/interval.js'
import { decodeKey, type KeyPart, LAST_BYTE } from '../../engine/keys/key-codec.js'
import type { Direction, ItemKey } from '../../engine/operations.js'
import type { TableSchema } from '../schema/table-schema.js'
import type { Explanation, KeyColumns } from './explanation.js'

/** A row's key as its columns. */
export function readableKey({ hashKey, sortKey }: ItemKey, table: TableSchema): KeyColumns {
  return { ...readableHashKey(hashKey, table), ...sortColumns(decodeKey(sortKey), table) }
}

export function readableHashKey(hashKey: Uint8Array, table: TableSchema): KeyColumns {
  return { [table.hashKey]: decodeKey(hashKey)[0] as KeyPart }
}

/** The bounds of an interval as columns; none where it goes as far as the table's rows do. */
export function readableBounds(
  { from, to }: Interval,
  table: TableSchema,
): Pick<Explanation, 'from' | 'after' | 'to' | 'before'> {
  const lower = readBound(from)
  const upper = readBound(to)
  return {
    ...named(lower.place === 'behind' ? 'after' : 'from', lower.parts, table),
    ...named(upper.place === 'at' ? 'before' : 'to', upper.parts, table),
  }
}

/** Where an interval begins, or where it ends for who reads it from there. */
export function firstSortKey({ from, to }: Interval, direction: Direction): Uint8Array {
  if (direction === 'ascending') return from
  // No key comes right before `to`, but no partition begins as close to it as this one is.
  const last = to.at(-1) ?? 0
  const shorter = to.slice(0, -1)
  return last === 0 ? shorter : append(append(append(shorter, last - 1), LAST_BYTE), LAST_BYTE)
}

/**
 * What is at a bound: the tuple itself, what comes behind all that start with the tuple, or the edge of a type's
 * values behind it.
 */
function readBound(bytes: Uint8Array): {
  readonly parts: KeyPart[]
  readonly place: 'at' | 'behind' | 'edge'
} {
  const tuple = readParts(bytes)
  if (tuple !== undefined) return { parts: tuple, place: 'at' }
  const shorter = bytes.slice(0, -1)
  const before = readParts(shorter)
  if (before !== undefined) return { parts: before, place: bytes.at(-1) === LAST_BYTE ? 'behind' : 'edge' }
  // A prefix of texts lacks its end. Where no text is, what comes before it is still true.
  const text = readParts(append(bytes, 0))
  return text === undefined ? { ...readBound(shorter), place: 'edge' } : { parts: text, place: 'at' }
}

/** Nothing for bytes between keys, where an interval may begin. */
export function readParts(bytes: Uint8Array): KeyPart[] | undefined {
  try {
    return decodeKey(bytes)
  } catch {
    return undefined
  }
}

function named(bound: keyof Explanation, parts: KeyPart[], table: TableSchema): Partial<Explanation> {
  const columns = sortColumns(parts, table)
  return Object.keys(columns).length === 0 ? {} : { [bound]: columns }
}

/** What comes behind the table's name in a sort key. */
function sortColumns([, ...values]: KeyPart[], table: TableSchema): KeyColumns {
  return Object.fromEntries(values.map((value, i) => [table.sortKey[i] as string, value]))
}
