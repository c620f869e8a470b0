import type { Aggregation } from '../aggregates/aggregation.js'
import { Groups } from '../aggregates/groups.js'
import { InvalidRequestError } from '../errors.js'
import { holds } from '../expressions/evaluate.js'
import type { Interval } from '../keys/interval.js'
import type { PartitionQuery, QueryAnswer, Version } from '../operations.js'
import { decodeItem, type ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'
import { beyond, left, MAX_PAGE_ITEMS, observed } from './read-items.js'

/** Items that a page looks at when their keys and versions are enough: nothing is decoded. */
const MAX_COUNTED_ITEMS = 50_000
/** Characters of items that a page looks into. */
const MAX_PAGE_CHARACTERS = 8_000_000
/** Values that a page's answer holds, and how often it looks how many there are. */
const MAX_PAGE_VALUES = 10_000
const LOOK_EVERY = 250

/** Looked into by nobody. */
const ANY_ITEM = {}

/**
 * What a page of an interval comes to, in parts that can be merged with those of other pages.
 *
 * @param stretch the first piece of the interval, in the direction of reading: what of it is served here.
 * @throws {TypeMismatchError} for a value that an aggregate does not take.
 */
export function aggregate(
  items: ItemStore,
  operation: PartitionQuery,
  aggregation: Aggregation,
  stretch: Interval,
): QueryAnswer {
  const { hashKey, interval, filter, direction } = operation
  if (direction === 'descending')
    throw new InvalidRequestError('what is aggregated is read in ascending order')
  const groups = new Groups(aggregation)
  const examined: (readonly [Uint8Array, Version])[] = []
  const counts = filter === undefined && looksAtNothing(aggregation)
  let looked = 0
  let characters = 0
  let rest: Interval | undefined
  const rows = counts
    ? countable(items, hashKey, stretch)
    : items.range(hashKey, stretch, false, MAX_PAGE_ITEMS)
  for (const { sortKey, version, item } of rows as Iterable<Countable>) {
    looked++
    if (operation.observe !== undefined) examined.push([sortKey, version])
    if (item === undefined) groups.add(ANY_ITEM)
    else {
      characters += item.length
      const decoded = decodeItem(item)
      if (holds(filter, { item: decoded })) groups.add(decoded)
    }
    const full = looked % LOOK_EVERY === 0 && groups.size >= MAX_PAGE_VALUES
    if (
      full ||
      looked >= (counts ? MAX_COUNTED_ITEMS : MAX_PAGE_ITEMS) ||
      characters >= MAX_PAGE_CHARACTERS
    ) {
      rest = beyond(interval, sortKey, false)
      break
    }
  }
  rest ??= left(interval, stretch, false)
  return {
    items: [],
    groups: groups.partials(),
    ...(rest === undefined ? undefined : { rest }),
    ...observed(operation, examined, rest !== undefined),
  }
}

interface Countable {
  readonly sortKey: Uint8Array
  readonly version: Version
  /** Nothing, where nobody looks at it. */
  readonly item?: ItemText
}

/** Items without what they hold. */
function* countable(items: ItemStore, hashKey: Uint8Array, interval: Interval): Generator<Countable> {
  items.checkLocks(hashKey)
  for (const [sortKey, version] of items.versions(hashKey, interval)) yield { sortKey, version }
}

/** Whether it is enough to know that there is an item. */
function looksAtNothing({ groups, aggregates }: Aggregation): boolean {
  return (
    groups.length === 0 &&
    aggregates.every(({ operand, filter }) => operand === undefined && filter === undefined)
  )
}
