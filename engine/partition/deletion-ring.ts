import { compareBytes } from '../keys/compare-bytes.js'
import { keyText } from '../keys/key-text.js'
import type { ItemKey, Seen, SeenInterval, Version } from '../operations.js'

/** Deletions that are kept; the oldest go first. */
const MAX_DELETIONS = 4_096

interface Deletion {
  readonly hash: string
  readonly sort: string
  readonly sortKey: Uint8Array
  readonly at: Version
}

/**
 * The latest deletions, as far as this instance knows. An item that came and went between two looks leaves
 * nothing in the table that the second look could see.
 */
export class DeletionRing {
  /** In the order in which they happened, from `#oldest` on. */
  readonly #deletions: Deletion[] = []
  #oldest = 0
  /** The latest deletion of each key: by hash key, then by sort key. */
  readonly #latest = new Map<string, Map<string, Deletion>>()
  /** All deletions since then are here. */
  #floor: Version

  /** @param since the partition's clock when this instance began to know what is deleted. */
  constructor(since: Version) {
    this.#floor = since
  }

  /** Nothing is known from before: these keys were elsewhere. */
  startFrom(since: Version): void {
    this.#floor = Math.max(this.#floor, since)
  }

  /** @param at the partition's clock before the deletion: whoever looks later sees a later one. */
  add({ hashKey, sortKey }: ItemKey, at: Version): void {
    const oldest = this.#deletions[this.#oldest]
    if (oldest !== undefined) this.#forget(oldest)
    const deletion = { hash: keyText(hashKey), sort: keyText(sortKey), sortKey, at }
    this.#deletions[this.#oldest] = deletion
    this.#oldest = (this.#oldest + 1) % MAX_DELETIONS
    const ofHashKey = this.#latest.get(deletion.hash) ?? new Map<string, Deletion>()
    this.#latest.set(deletion.hash, ofHashKey.set(deletion.sort, deletion))
  }

  /**
   * An item that had ended is deleted, which nobody saw any more. Whoever found nothing there since it was written
   * found nothing ever since; who looked before that has missed it.
   */
  addEnded(key: ItemKey, version: Version): void {
    this.add(key, version - 1)
  }

  /** Whether nothing that was seen to be absent has come and gone since, for certain. */
  nothingWent({ items, intervals }: Seen): boolean {
    return (
      items.every(({ key, version, asOf }) => version !== null || this.#isStill(key, asOf)) &&
      intervals.every((interval) => this.#areStill(interval))
    )
  }

  #isStill({ hashKey, sortKey }: ItemKey, asOf: Version): boolean {
    const deletion = this.#latest.get(keyText(hashKey))?.get(keyText(sortKey))
    return asOf >= this.#floor && (deletion === undefined || deletion.at < asOf)
  }

  #areStill({ hashKey, interval, asOf }: SeenInterval): boolean {
    if (asOf < this.#floor) return false
    for (const { sortKey, at } of this.#latest.get(keyText(hashKey))?.values() ?? []) {
      if (at < asOf) continue
      if (compareBytes(interval.from, sortKey) <= 0 && compareBytes(sortKey, interval.to) < 0) return false
    }
    return true
  }

  #forget(deletion: Deletion): void {
    this.#floor = Math.max(this.#floor, deletion.at + 1)
    const ofHashKey = this.#latest.get(deletion.hash)
    if (ofHashKey?.get(deletion.sort) !== deletion) return
    ofHashKey.delete(deletion.sort)
    if (ofHashKey.size === 0) this.#latest.delete(deletion.hash)
  }
}
