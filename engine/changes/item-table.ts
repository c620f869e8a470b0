import type { Interval } from '../keys/interval.js'
import type { FoundItem, ItemKey, Version } from '../operations.js'
import type { ItemText } from '../values/item-text.js'

/** Items that changes are made to: those of a partition, or a draft of them. */
export interface ItemTable {
  get(key: ItemKey): FoundItem | undefined
  /** The first `limit` items of an interval, in order. */
  range(
    hashKey: Uint8Array,
    interval: Interval,
    descending: boolean,
    limit: number,
  ): Iterable<FoundItem & { readonly sortKey: Uint8Array }>
  /** Writes an item where none is. Says whether none was. */
  insert(key: ItemKey, item: ItemText, version: Version, token: number): boolean
  /** Writes an item, whatever was there. */
  put(key: ItemKey, item: ItemText, version: Version, token: number): void
  /** Says whether there was one. */
  delete(key: ItemKey): boolean
}
