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
export function sortSpans({ spans, order }: QueryOperation): Span[] {
  const keyOf = ({ hashKey, interval }: Span): ItemKey => ({ hashKey, sortKey: interval.from })
  return [...spans].sort((left, right) => compareKeys(order, keyOf(left), keyOf(right)))
}

/** @throws {InvalidRequestError} for a limit that lets nothing through, or is no count. */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new InvalidRequestError(`a limit is a whole number of at least 1, not ${limit}`)
  }
}
