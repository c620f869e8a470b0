import { compareBytes } from '../keys/compare-bytes.js'
import type { ItemKey, Seen, Version } from '../operations.js'

/** Deletions that are kept; the oldest go first. */
const MAX_DELETIONS = 4_096

/**
 * The latest deletions, as far as this instance knows. An item that came and went between two looks leaves
 * nothing in the table that the second look could see.
 */
export class DeletionRing {
  readonly #deletions: { readonly key: ItemKey; readonly at: Version }[] = []
  #next = 0
  /** All deletions since then are here. */
  #floor: Version

  /** @param since the partition's clock when this instance began to know what is deleted. */
  constructor(since: Version) {
    this.#floor = since
  }

  /** @param at the partition's clock before the deletion: whoever looks later sees a later one. */
  add(key: ItemKey, at: Version): void {
    const oldest = this.#deletions[this.#next]
    if (oldest !== undefined) this.#floor = oldest.at + 1
    this.#deletions[this.#next] = { key, at }
    this.#next = (this.#next + 1) % MAX_DELETIONS
  }

  /** Whether nothing that was seen to be absent has come and gone since, for certain. */
  nothingWent({ items, intervals }: Seen): boolean {
    return (
      items.every(
        ({ key, version, asOf }) =>
          version !== null ||
          this.#none(asOf, (deleted) => sameHash(deleted, key) && same(deleted.sortKey, key.sortKey)),
      ) &&
      intervals.every(({ hashKey, interval, asOf }) =>
        this.#none(
          asOf,
          (deleted) =>
            sameHash(deleted, { hashKey }) &&
            compareBytes(interval.from, deleted.sortKey) <= 0 &&
            compareBytes(deleted.sortKey, interval.to) < 0,
        ),
      )
    )
  }

  #none(asOf: Version, concerns: (key: ItemKey) => boolean): boolean {
    return asOf >= this.#floor && !this.#deletions.some(({ key, at }) => at >= asOf && concerns(key))
  }
}

function sameHash(left: Pick<ItemKey, 'hashKey'>, right: Pick<ItemKey, 'hashKey'>): boolean {
  return same(left.hashKey, right.hashKey)
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return compareBytes(left, right) === 0
}
