import { LimitError } from '../errors.js'
import { holds, project } from '../expressions/evaluate.js'
import { type Interval, successor } from '../keys/interval.js'
import { mark } from '../mark.js'
import type {
  FoundItem,
  PartitionBatchGet,
  PartitionGet,
  PartitionQuery,
  QueryAnswer,
  Reading,
} from '../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'

/**
 * A page ends when it has looked at this many items or characters, whether they pass the filter or not: a
 * partition serves nobody else meanwhile, and an answer over RPC has at most 32 MiB.
 */
const MAX_PAGE_ITEMS = 5_000
const MAX_PAGE_CHARACTERS = 4_000_000

/** The item as it was asked for, or nothing if it does not pass. An item nobody looks into is not decoded. */
export function show(item: ItemText, { filter, projection = 'all' }: Reading): ItemText | undefined {
  if (filter === undefined && projection === 'all') return item
  const decoded = decodeItem(item)
  if (!holds(filter, { item: decoded })) return undefined
  if (projection === 'all') return item
  const projected = encodeItem(project(projection, decoded))
  checkShownSize(projected.length)
  return projected
}

/** @throws {LimitError} when what is answered for one statement's rows would be too large to send. */
function checkShownSize(characters: number): void {
  if (characters <= MAX_PAGE_CHARACTERS) return
  throw new LimitError(
    `a row as it is selected has ${characters} characters, and at most ${MAX_PAGE_CHARACTERS} are allowed: ` +
      'select fewer columns',
    { size: characters, limit: MAX_PAGE_CHARACTERS },
  )
}

export function get(items: ItemStore, operation: PartitionGet): FoundItem | null {
  const stored = items.get(operation.key)
  return stored === undefined ? null : shown(stored, operation)
}

/** The items of the first keys: of all of them, or of as many as fit into an answer, at least one. */
export function batchGet(items: ItemStore, operation: PartitionBatchGet): (FoundItem | null)[] {
  const found: (FoundItem | null)[] = []
  let characters = 0
  for (const key of operation.keys) {
    if (found.length >= MAX_PAGE_ITEMS || characters >= MAX_PAGE_CHARACTERS) break
    const stored = items.get(key)
    const item = stored === undefined ? null : shown(stored, operation)
    characters += Math.max(stored?.item.length ?? 0, item?.item.length ?? 0)
    found.push(item)
  }
  return found
}

/** One page, in order; what is left of the interval, if anything is, goes with it. */
export function query(items: ItemStore, operation: PartitionQuery): QueryAnswer {
  const { hashKey, interval, limit = Number.POSITIVE_INFINITY, withKeys } = operation
  const descending = operation.direction === 'descending'
  const page: ItemText[] = []
  const sortKeys: Uint8Array[] = []
  let looked = 0
  let characters = 0
  let rest: Interval | undefined
  // Without a filter the database itself knows where to stop, and keeps the statement prepared.
  const most = operation.filter === undefined ? Math.min(limit, MAX_PAGE_ITEMS) : MAX_PAGE_ITEMS
  for (const { item, sortKey } of items.range(hashKey, interval, descending, most)) {
    const asked = show(item, operation)
    looked++
    characters += Math.max(item.length, asked?.length ?? 0)
    if (asked !== undefined) {
      page.push(asked)
      if (withKeys) sortKeys.push(sortKey)
    }
    if (page.length >= limit || looked >= MAX_PAGE_ITEMS || characters >= MAX_PAGE_CHARACTERS) {
      MARK: mark('a page leaves a rest')
      rest = beyond(interval, sortKey, descending)
      break
    }
  }
  return {
    items: page,
    ...(withKeys ? { sortKeys } : undefined),
    ...(rest === undefined ? undefined : { rest }),
  }
}

function shown({ item: stored, version }: FoundItem, reading: Reading): FoundItem | null {
  const item = show(stored, reading)
  return item === undefined ? null : { item, version }
}

/** What of the interval comes after the item at `sortKey`, in the direction of reading. */
function beyond(interval: Interval, sortKey: Uint8Array, descending: boolean): Interval {
  return descending ? { from: interval.from, to: sortKey } : { from: successor(sortKey), to: interval.to }
}
