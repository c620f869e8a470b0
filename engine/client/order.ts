import { InvalidRequestError } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import type { ItemKey, Order, QueryOperation, Span } from '../operations.js'

/** Compares two keys as an order wants them. */
export function compareKeys(order: Order, left: ItemKey, right: ItemKey): number {
  const second = order.first === 'hashKey' ? 'sortKey' : 'hashKey'
  return comparePart(order, order.first, left, right) || comparePart(order, second, left, right)
}

function comparePart(order: Order, part: keyof ItemKey, left: ItemKey, right: ItemKey): number {
  const ascending = compareBytes(left[part], right[part])
  return order[part] === 'ascending' ? ascending : -ascending
}

/** Spans in the order in which their items come. */
export function sortSpans({ spans, order }: Pick<QueryOperation, 'spans' | 'order'>): Span[] {
  const keyOf = ({ hashKey, interval }: Span): ItemKey => ({ hashKey, sortKey: interval.from })
  return [...spans].sort((left, right) => compareKeys(order, keyOf(left), keyOf(right)))
}

/** @throws {InvalidRequestError} for a limit that lets nothing through, or is no count. */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new InvalidRequestError(`a limit is a whole number of at least 1, not ${limit}`)
  }
}

/** Which of all that is found is answered. */
export interface Window {
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** @throws {InvalidRequestError} for a limit that lets nothing through, or a number that is no count. */
export function checkWindow({ limit, offset }: Window): void {
  checkLimit(limit)
  if (offset !== undefined && !(Number.isInteger(offset) && offset >= 0)) {
    throw new InvalidRequestError(`an offset is a whole number of at least 0, not ${offset}`)
  }
}

/** How many must be found, from the first on, to answer a window. */
export function reachOf({ limit = Number.POSITIVE_INFINITY, offset = 0 }: Window): number {
  return offset + limit
}
