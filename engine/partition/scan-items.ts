import { show } from '../changes/show.js'
import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import { holdsKey } from '../keys/interval.js'
import type { ItemKey, PartitionScan, Route, ScanAnswer, Version } from '../operations.js'
import type { Millis, Storage } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import type { ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'
import type { Territory } from './territory.js'

/** What a page looks at, and holds, at most. */
const MAX_LOOKS = 2_000
const MAX_CHARACTERS = 1_000_000
/** An item that has ended is deleted by who comes upon it: it takes as long as so many that are looked at. */
const ENDED_COUNTS = 10

const SQL = {
  from: `SELECT hash_key, sort_key, coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = i.version)),
      version, expires
    FROM items i WHERE (hash_key, sort_key) >= (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
  behind: `SELECT hash_key, sort_key, coalesce(value, (SELECT l.value FROM large_values l WHERE l.version = i.version)),
      version, expires
    FROM items i WHERE (hash_key, sort_key) > (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
} as const

/**
 * A page of the items that are served here, up to the next hash key that has range partitions of its own: those come
 * in its place.
 */
export function scanItems(
  storage: Storage,
  operation: PartitionScan,
  territory: Territory,
  store: ItemStore,
): ScanAnswer {
  try {
    return scanPage(storage, operation, territory, store)
  } finally {
    store.bury()
  }
}

function scanPage(
  storage: Storage,
  operation: PartitionScan,
  territory: Territory,
  store: ItemStore,
): ScanAnswer {
  const { after, within, limit } = operation
  const { children } = territory
  const next = nextPromoted(territory.promoted, operation)
  const items: ItemText[] = []
  const keys: ItemKey[] = []
  let looks = 0
  let characters = 0
  let last: ItemKey | undefined
  const from = after ?? { hashKey: new Uint8Array(), sortKey: new Uint8Array() }
  const sql = after === undefined ? SQL.from : SQL.behind
  for (const row of storage.rows(sql, from.hashKey, from.sortKey, MAX_LOOKS + 1)) {
    const [hashKey, sortKey, text, version, expires] = row as unknown as ScannedRow
    if (next !== undefined && compareBytes(hashKey, next.range.hashKey) >= 0) break
    const full = looks >= MAX_LOOKS || characters >= MAX_CHARACTERS || items.length >= limit
    if (full && last !== undefined) return { items, keys, upTo: last, elsewhere: children }
    looks++
    last = { hashKey, sortKey }
    characters += text.length
    if (!territory.keeps(hashKey, sortKey)) continue
    if (within !== undefined && !holdsKey(within, sortKey)) continue
    if (store.isOver({ hashKey, sortKey }, { version, expires })) {
      looks += ENDED_COUNTS - 1
      continue
    }
    const shown = show(text, operation)
    if (shown === undefined) continue
    items.push(shown)
    keys.push({ hashKey, sortKey })
  }
  if (next === undefined) return { items, keys, elsewhere: children }
  return { items, keys, upTo: behindAll(next.range.hashKey), elsewhere: [...children, next] }
}

type ScannedRow = readonly [
  hashKey: Uint8Array,
  sortKey: Uint8Array,
  text: ItemText,
  version: Version,
  expires: Millis | null,
]

/** The first hash key with range partitions of its own that the scan has not come to the end of. */
function nextPromoted(
  promoted: readonly Route[],
  { after }: PartitionScan,
): (Route & Required<Pick<Route, 'range'>>) | undefined {
  return promoted
    .flatMap((route) => (route.range === undefined ? [] : [{ ...route, range: route.range }]))
    .filter(({ range: { hashKey } }) => after === undefined || comesAfter(hashKey, after))
    .sort((left, right) => compareBytes(left.range.hashKey, right.range.hashKey))[0]
}

function comesAfter(hashKey: Uint8Array, after: ItemKey): boolean {
  if (sameBytes(hashKey, after.hashKey)) return compareBytes(after.sortKey, EVERYTHING.to) < 0
  return compareBytes(hashKey, after.hashKey) > 0
}

/** Behind all of a hash key's items. */
function behindAll(hashKey: Uint8Array): ItemKey {
  return { hashKey, sortKey: EVERYTHING.to }
}
