import type { Interval } from '../keys/interval.js'
import type { FoundItem, ItemKey, Version } from '../operations.js'
import type { Millis } from '../ports.js'
import type { ItemText } from '../values/item-text.js'
import type { Ending } from './ending.js'

/** An item in a table. When it ends is said where that is known. */
export interface TableItem extends FoundItem {
  readonly expires?: Millis | null
  readonly expiresAt?: string | undefined
}

/** Items that changes are made to: those of a partition, or a draft of them. What has ended is not among them. */
export interface ItemTable {
  get(key: ItemKey): TableItem | undefined
  /** The first `limit` items of an interval, in order. */
  range(
    hashKey: Uint8Array,
    interval: Interval,
    descending: boolean,
    limit: number,
  ): Iterable<FoundItem & { readonly sortKey: Uint8Array }>
  /** Writes an item where none is. Says whether none was. */
  insert(key: ItemKey, item: ItemText, version: Version, token: number, ending?: Ending): boolean
  /** Writes an item, whatever was there. */
  put(key: ItemKey, item: ItemText, version: Version, token: number, ending?: Ending): void
  /** Says whether there was one. */
  delete(key: ItemKey): boolean
}
