import { Fingerprinter } from '../changes/fingerprint.js'
import type { ItemTable } from '../changes/item-table.js'
import { LimitError, TransactionConflictError } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { FoundItem, ItemKey, Seen, SeenInterval, SeenItem, Version } from '../operations.js'
import type { PartitionName } from '../ports.js'

/** What one transaction may look at, so that it fits into a Worker and partitions can look at all of it again. */
export const MAX_SEEN_ITEMS = 10_000
/** Characters of the items that one transaction holds. */
export const MAX_SEEN_CHARACTERS = 16_000_000
/** Pages of ranges, empty ones too. */
const MAX_SEEN_INTERVALS = 1_000

/** One answer of a partition: what came in it is of one moment. */
export interface Answered {
  /** The partition's clock. */
  readonly asOf: Version
  /** Whose clock that is. */
  readonly by: PartitionName
  /** Numbers the transaction's answers. */
  readonly call: number
}

interface KnownItem extends Answered {
  readonly key: ItemKey
  readonly found: FoundItem | null
  /** Whether the transaction's user knows of it; if not, it was only counted by. */
  read: boolean
}

/** An interval of which all items are known, since one moment by a partition's clock. */
interface Examined extends Interval {
  readonly asOf: Version
  readonly by: PartitionName
}

interface OfHashKey {
  readonly hashKey: Uint8Array
  readonly items: Map<string, KnownItem>
  /** In order; none touches another of the same partition. */
  examined: Examined[]
}

/** An item on a page. */
export type PagedItem = FoundItem & { readonly sortKey: Uint8Array }

/**
 * What a transaction knows of the store: the items it was told of, where it was told that there is none, and the
 * intervals that it has examined. What is known stays as it is; a later answer that says otherwise is a conflict.
 */
export class KnownItems implements Pick<ItemTable, 'get' | 'range'> {
  readonly #ofHashKeys = new Map<string, OfHashKey>()
  /** The calls whose answers were read. */
  readonly #calls = new Set<number>()
  #items = 0
  #characters = 0
  #intervals = 0

  /** Whether all that was read is of one moment: it came in one answer. */
  get isOfOneMoment(): boolean {
    return this.#calls.size <= 1
  }

  /** How many more items may be looked at. */
  get room(): number {
    return MAX_SEEN_ITEMS - this.#items
  }

  get({ hashKey, sortKey }: ItemKey): FoundItem | undefined {
    return this.#of(hashKey).items.get(keyText(sortKey))?.found ?? undefined
  }

  /** The first `limit` known items of an interval, in order. */
  range(hashKey: Uint8Array, interval: Interval, descending: boolean, limit: number): PagedItem[] {
    return [...this.#of(hashKey).items.values()]
      .flatMap(({ key: { sortKey }, found }) =>
        found !== null && holdsKey(interval, sortKey) ? [{ ...found, sortKey }] : [],
      )
      .sort((left, right) => (descending ? -1 : 1) * compareBytes(left.sortKey, right.sortKey))
      .slice(0, limit)
  }

  /** Whether it is known what is at a key, if anything. */
  knows({ hashKey, sortKey }: ItemKey): boolean {
    return this.#of(hashKey).items.has(keyText(sortKey)) || this.#isExamined(hashKey, sortKey)
  }

  /** Whether the user knows what is at a key: then the commit depends on it. */
  isRead({ hashKey, sortKey }: ItemKey): boolean {
    return this.#of(hashKey).items.get(keyText(sortKey))?.read ?? this.#isExamined(hashKey, sortKey)
  }

  /** Notes that the user is told what is at a key. */
  read({ hashKey, sortKey }: ItemKey): void {
    const known = this.#of(hashKey).items.get(keyText(sortKey))
    if (known === undefined || known.read) return
    known.read = true
    this.#calls.add(known.call)
  }

  /** @throws {TransactionConflictError} when something else is known already. */
  learnItem(key: ItemKey, found: FoundItem | null, { asOf, by, call }: Answered): void {
    if (this.knows(key)) {
      this.#agree(key, found)
      return
    }
    this.#count(1, key.hashKey.length + key.sortKey.length + (found?.item.length ?? 0))
    this.#of(key.hashKey).items.set(keyText(key.sortKey), { key, found, asOf, by, call, read: false })
  }

  /**
   * All items of an interval; whoever asks for an interval reads it.
   *
   * @throws {TransactionConflictError} when something else is known of it already.
   */
  learnInterval(
    hashKey: Uint8Array,
    interval: Interval,
    items: readonly PagedItem[],
    { asOf, by, call }: Answered,
  ): void {
    const known = this.#of(hashKey)
    const unknown: PagedItem[] = []
    for (const item of items) {
      const key = { hashKey, sortKey: item.sortKey }
      if (this.knows(key)) this.#agree(key, item)
      else unknown.push(item)
    }
    const bounds = hashKey.length + interval.from.length + interval.to.length
    refuseAbove(MAX_SEEN_INTERVALS, this.#intervals + 1, 'ranges')
    this.#count(
      unknown.length,
      unknown.reduce((sum, { item, sortKey }) => sum + item.length + sortKey.length, bounds),
    )
    for (const { item, version, sortKey } of unknown) {
      const key = { hashKey, sortKey }
      known.items.set(keyText(sortKey), { key, found: { item, version }, asOf, by, call, read: true })
    }
    const found = new Set(items.map(({ sortKey }) => keyText(sortKey)))
    for (const [text, item] of known.items) {
      if (!holdsKey(interval, item.key.sortKey)) continue
      if (!found.has(text)) this.#agree(item.key, null)
      item.read = true
    }
    this.#intervals++
    this.#calls.add(call)
    known.examined = join(known.examined, { ...interval, asOf, by })
  }

  /** The first piece of an interval, in the direction of reading, that is examined as a whole, or not at all. */
  firstPiece(hashKey: Uint8Array, interval: Interval, descending: boolean): Interval & { examined: boolean } {
    const overlaps = this.#of(hashKey)
      .examined.map((examined) => intersect(examined, interval))
      .filter((overlap) => !isEmpty(overlap))
    const next = descending ? overlaps.at(-1) : overlaps[0]
    if (next === undefined) return { ...interval, examined: false }
    const before = descending ? { from: next.to, to: interval.to } : { from: interval.from, to: next.from }
    return isEmpty(before) ? { ...next, examined: true } : { ...before, examined: false }
  }

  /** All that was read, as it was seen. */
  seen(): Seen {
    const items: SeenItem[] = []
    const intervals: SeenInterval[] = []
    for (const { hashKey, items: known, examined } of this.#ofHashKeys.values()) {
      for (const { asOf, by: _, ...interval } of examined) {
        const sum = new Fingerprinter()
        for (const { sortKey, version } of this.range(hashKey, interval, false, Number.POSITIVE_INFINITY)) {
          sum.add(sortKey, version)
        }
        intervals.push({ hashKey, interval, fingerprint: sum.sum, asOf })
      }
      for (const { key, found, asOf, read } of known.values()) {
        if (!read || this.#isExamined(hashKey, key.sortKey)) continue
        items.push({ key, version: found?.version ?? null, asOf })
      }
    }
    return { items, intervals }
  }

  #of(hashKey: Uint8Array): OfHashKey {
    const text = keyText(hashKey)
    const known = this.#ofHashKeys.get(text) ?? { hashKey, items: new Map(), examined: [] }
    this.#ofHashKeys.set(text, known)
    return known
  }

  #isExamined(hashKey: Uint8Array, sortKey: Uint8Array): boolean {
    return this.#of(hashKey).examined.some((interval) => holdsKey(interval, sortKey))
  }

  #agree(key: ItemKey, found: FoundItem | null): void {
    if (this.get(key)?.version === found?.version) return
    throw new TransactionConflictError('another transaction changed a row that this one has read', { ...key })
  }

  /** @throws {LimitError} when these are too many, or their keys and items too long. */
  #count(items: number, characters: number): void {
    refuseAbove(MAX_SEEN_ITEMS, this.#items + items, 'rows')
    refuseAbove(MAX_SEEN_CHARACTERS, this.#characters + characters, 'characters')
    this.#items += items
    this.#characters += characters
  }
}

function refuseAbove(limit: number, size: number, what: string): void {
  if (size <= limit) return
  throw new LimitError(
    `a transaction looks at no more than ${limit} ${what}: read less in it, with a limit or a narrower condition`,
    { limit, size },
  )
}

/**
 * Adds an interval, and joins it with those that it overlaps or touches. What several partitions have answered stays
 * apart: their clocks do not compare.
 */
function join(intervals: readonly Examined[], added: Examined): Examined[] {
  const apart = (other: Examined) =>
    other.by !== added.by || compareBytes(other.to, added.from) < 0 || compareBytes(added.to, other.from) < 0
  let joined = added
  for (const { from, to, asOf } of intervals.filter((other) => !apart(other))) {
    joined = {
      ...joined,
      from: compareBytes(from, joined.from) < 0 ? from : joined.from,
      to: compareBytes(to, joined.to) > 0 ? to : joined.to,
      asOf: Math.min(asOf, joined.asOf),
    }
  }
  return [...intervals.filter(apart), joined].sort((left, right) => compareBytes(left.from, right.from))
}
