import type { Aggregation } from '../aggregates/aggregation.js'
import { Groups } from '../aggregates/groups.js'
import { InvalidRequestError } from '../errors.js'
import { holds } from '../expressions/evaluate.js'
import type { Expression } from '../expressions/expression.js'
import type { Interval } from '../keys/interval.js'
import { mark } from '../mark.js'
import type { PartitionQuery, QueryAnswer, Version } from '../operations.js'
import { decodeItem, type ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'
import type { PageLimits } from './page-limits.js'
import { beyond, ENDED_COUNTS, left, observed } from './read-items.js'

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
  let added = 0
  let looked = 0
  let characters = 0
  let rest: Interval | undefined
  const most = counts ? pages.counted : pages.items
  for (const { sortKey, version, over, item } of counts
    ? countable(items, hashKey, stretch)
    : (items.look(hashKey, stretch, false, most) as Iterable<Countable>)) {
    looked += over ? ENDED_COUNTS : 1
    if (operation.observe !== undefined && !over) examined.push([sortKey, version])
    characters += item?.length ?? 0
    if (!over) addTo(groups, item, filter)
    const full = ++added % pages.lookEvery === 0 && groups.size >= pages.values
    if (full || looked >= most || characters >= MAX_PAGE_CHARACTERS) {
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
  readonly over: boolean
  /** Nothing, where nobody looks at it. */
  readonly item?: ItemText
}

/** Items without what they hold. */
function countable(items: ItemStore, hashKey: Uint8Array, interval: Interval): Iterable<Countable> {
  items.checkLocks(hashKey)
  return items.lookAtVersions(hashKey, interval)
}

function addTo(groups: Groups, item: ItemText | undefined, filter: Expression | undefined): void {
  const decoded = item === undefined ? ANY_ITEM : decodeItem(item)
  if (holds(filter, { item: decoded })) groups.add(decoded)
}

/** Whether it is enough to know that there is an item. */
function looksAtNothing({ groups, aggregates }: Aggregation): boolean {
  return (
    groups.length === 0 &&
    aggregates.every(({ operand, filter }) => operand === undefined && filter === undefined)
  )
}
