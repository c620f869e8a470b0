import { isOver } from '../../changes/ending.js'
import { compareBytes, sameBytes } from '../../keys/compare-bytes.js'
import type { Interval } from '../../keys/interval.js'
import type { ItemKey } from '../../operations.js'
import type { Clock, Millis, Storage } from '../../ports.js'

/** A value that lies aside is looked for on a page of its own: it takes as long as so many that do not. */
const LARGE_COUNTS = 10
/** Rows whose place is kept, to find a boundary among them; every second one is dropped when there are more. */
const MAX_PLACES = 2_048

const SQL = {
  from: `SELECT hash_key, sort_key, octet_length(hash_key) + octet_length(sort_key) + coalesce(
      octet_length(value), (SELECT octet_length(l.value) FROM large_values l WHERE l.version = i.version)),
      value IS NULL, expires
    FROM items i WHERE (hash_key, sort_key) >= (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
  behind: `SELECT hash_key, sort_key, octet_length(hash_key) + octet_length(sort_key) + coalesce(
      octet_length(value), (SELECT octet_length(l.value) FROM large_values l WHERE l.version = i.version)),
      value IS NULL, expires
    FROM items i WHERE (hash_key, sort_key) > (?, ?) ORDER BY hash_key, sort_key LIMIT ?`,
} as const

/** What lies where in a partition, in bytes. */
export interface Survey {
  readonly bytes: number
  readonly items: number
  /** The hash key that has most. */
  readonly largest: { readonly hashKey: Uint8Array; readonly bytes: number } | undefined
  readonly hashKeys: number
  /** In order: keys, each with the bytes before it. */
  readonly places: readonly { readonly key: ItemKey; readonly before: number }[]
}

/**
 * Looks at everything that a partition serves, in steps before which others get their turn: what changes meanwhile
 * is seen as it is then. What has ended is not counted.
 *
 * @param step rows that are looked at without a break.
 * @param keeps whether a key is served here.
 */
export async function survey(
  storage: Storage,
  clock: Clock,
  step: number,
  keeps: (hashKey: Uint8Array, sortKey: Uint8Array) => boolean,
): Promise<Survey> {
  let places: { key: ItemKey; before: number }[] = []
  let every = 1
  let bytes = 0
  let items = 0
  let hashKeys = 0
  let largest: Survey['largest']
  let current: { hashKey: Uint8Array; bytes: number } | undefined
  let last: ItemKey | undefined
  for (;;) {
    await clock.sleep(1)
    let looked = 0
    let ended = true
    const from = last ?? { hashKey: new Uint8Array(), sortKey: new Uint8Array() }
    const sql = last === undefined ? SQL.from : SQL.behind
    for (const row of storage.rows(sql, from.hashKey, from.sortKey, step + 1)) {
      const [hashKey, sortKey, size, large, expires] = row as unknown as [
        Uint8Array,
        Uint8Array,
        number,
        number,
        Millis | null,
      ]
      if (looked >= step) {
        ended = false
        break
      }
      looked += large === 1 ? LARGE_COUNTS : 1
      last = { hashKey, sortKey }
      if (!keeps(hashKey, sortKey) || isOver(expires, clock.now())) continue
      if (current === undefined || !sameBytes(hashKey, current.hashKey)) {
        current = { hashKey, bytes: 0 }
        hashKeys++
      }
      if (items % every === 0) places.push({ key: last, before: bytes })
      items++
      bytes += size
      current.bytes += size
      if (current.bytes > (largest?.bytes ?? 0)) largest = current
      if (places.length <= MAX_PLACES) continue
      places = places.filter((_, i) => i % 2 === 0)
      every *= 2
    }
    if (ended) return { bytes, items, largest, hashKeys, places }
  }
}

/** The first sort key behind a share of the bytes, so that there is something on both sides; nothing, if there is none. */
export function boundaryByBytes(
  { places, bytes }: Survey,
  share: number,
  within: Interval,
): Uint8Array | undefined {
  const behind = places.slice(1).filter(({ key }) => !sameBytes(key.sortKey, within.from))
  return (behind.find(({ before }) => before >= bytes * share) ?? behind.at(-1))?.key.sortKey
}

/** The sort key in the middle of the requests, so that there are some on both sides; nothing, if all are for one key. */
export function boundaryByLoad(samples: readonly ItemKey[], within: Interval): Uint8Array | undefined {
  const sorted = samples.map(({ sortKey }) => sortKey).sort(compareBytes)
  const inside = sorted.filter(
    (sortKey) => compareBytes(within.from, sortKey) <= 0 && compareBytes(sortKey, within.to) < 0,
  )
  const [least] = inside
  if (least === undefined) return undefined
  const middle = inside[Math.floor(inside.length / 2)] as Uint8Array
  if (!sameBytes(middle, least)) return middle
  return inside.find((sortKey) => !sameBytes(sortKey, least))
}
