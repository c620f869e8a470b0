import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { ItemKey, Version } from '../operations.js'
import type { Millis } from '../ports.js'
import type { ItemText } from '../values/item-text.js'
import { type Ending, isOver, NEVER } from './ending.js'
import type { ItemTable, TableItem } from './item-table.js'

/** What a draft would write: an item, or null where it would delete one. */
export interface DraftedWrite extends Ending {
  readonly key: ItemKey
  readonly item: ItemText | null
}

/** The version of an item that is only drafted. */
const NO_VERSION: Version = 0

/** Items as they would be after changes that are not written yet: those beneath, with the drafted ones over them. */
export class Draft implements ItemTable {
  readonly #beneath: Pick<ItemTable, 'get' | 'range'>
  readonly #writes: Map<string, Map<string, DraftedWrite>>
  readonly #now: () => Millis

  /** @param now by what clock drafted items end. */
  constructor(
    beneath: Pick<ItemTable, 'get' | 'range'>,
    now: () => Millis,
    writes: Iterable<DraftedWrite> = [],
  ) {
    this.#beneath = beneath
    this.#now = now
    this.#writes = new Map()
    for (const write of writes) this.#set(write)
  }

  /** All that would be written, each item once. */
  *writes(): Generator<DraftedWrite> {
    for (const ofHashKey of this.#writes.values()) yield* ofHashKey.values()
  }

  /** What would be written to one key, if anything would. */
  drafted({ hashKey, sortKey }: ItemKey): DraftedWrite | undefined {
    return this.#writes.get(keyText(hashKey))?.get(keyText(sortKey))
  }

  get(key: ItemKey): TableItem | undefined {
    const write = this.drafted(key)
    if (write === undefined) return this.#beneath.get(key)
    const { item, expires, expiresAt } = write
    return item === null || isOver(expires, this.#now())
      ? undefined
      : { item, version: NO_VERSION, expires, expiresAt }
  }

  *range(hashKey: Uint8Array, interval: Interval, descending: boolean, limit: number) {
    const before = (left: Uint8Array, right: Uint8Array) =>
      (descending ? -compareBytes(left, right) : compareBytes(left, right)) < 0
    const drafted = [...(this.#writes.get(keyText(hashKey))?.values() ?? [])]
      .filter(({ key }) => compareBytes(key.sortKey, interval.from) >= 0)
      .filter(({ key }) => compareBytes(key.sortKey, interval.to) < 0)
      .sort((left, right) => (before(left.key.sortKey, right.key.sortKey) ? -1 : 1))
    const now = this.#now()
    let left = limit
    let next = 0
    const takeDrafted = function* (until: Uint8Array | undefined) {
      for (; next < drafted.length && left > 0; next++) {
        const { key, item, expires } = drafted[next] as DraftedWrite
        if (until !== undefined && !before(key.sortKey, until)) return
        if (item === null || isOver(expires, now)) continue
        left--
        yield { item, version: NO_VERSION, sortKey: key.sortKey }
      }
    }
    // A drafted delete or update takes the place of one beneath.
    const most = limit + drafted.length
    for (const found of this.#beneath.range(hashKey, interval, descending, most)) {
      yield* takeDrafted(found.sortKey)
      if (left <= 0) return
      if (this.drafted({ hashKey, sortKey: found.sortKey }) !== undefined) continue
      left--
      yield found
      if (left <= 0) return
    }
    yield* takeDrafted(undefined)
  }

  insert(key: ItemKey, item: ItemText, _version: Version, _token: number, ending = NEVER): boolean {
    if (this.get(key) !== undefined) return false
    this.#set({ key, item, ...ending })
    return true
  }

  put(key: ItemKey, item: ItemText, _version: Version, _token: number, ending = NEVER): void {
    this.#set({ key, item, ...ending })
  }

  delete(key: ItemKey): boolean {
    if (this.get(key) === undefined) return false
    this.#set({ key, item: null, ...NEVER })
    return true
  }

  #set(write: DraftedWrite): void {
    const hash = keyText(write.key.hashKey)
    const ofHashKey = this.#writes.get(hash) ?? new Map()
    this.#writes.set(hash, ofHashKey.set(keyText(write.key.sortKey), write))
  }
}
