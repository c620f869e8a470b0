import type { Aggregation } from '../aggregates/aggregation.js'
import { Groups } from '../aggregates/groups.js'
import { InvalidRequestError } from '../errors.js'
import { holds } from '../expressions/evaluate.js'
import type { Interval } from '../keys/interval.js'
import { mark } from '../mark.js'
import type { PartitionQuery, QueryAnswer, Version } from '../operations.js'
import { decodeItem, type ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'
import type { PageLimits } from './page-limits.js'
import { beyond, left, observed } from './read-items.js'

/** Characters of items that a page looks into. */
const MAX_PAGE_CHARACTERS = 8_000_000

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
  pages: PageLimits,
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
  const rows = counts ? countable(items, hashKey, stretch) : items.range(hashKey, stretch, false, pages.items)
  for (const { sortKey, version, item } of rows as Iterable<Countable>) {
    looked++
    if (operation.observe !== undefined) examined.push([sortKey, version])
    if (item === undefined) groups.add(ANY_ITEM)
    else {
      characters += item.length
      const decoded = decodeItem(item)
      if (holds(filter, { item: decoded })) groups.add(decoded)
    }
    const full = looked % pages.lookEvery === 0 && groups.size >= pages.values
    if (full || looked >= (counts ? pages.counted : pages.items) || characters >= MAX_PAGE_CHARACTERS) {
      MARK: mark('a page of what is aggregated leaves a rest')
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
