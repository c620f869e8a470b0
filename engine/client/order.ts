import { compareBytes } from '../keys/compare-bytes.js'
import type { ItemKey, Order } from '../operations.js'

/** Compares two keys as an order wants them. */
export function compareKeys(order: Order, left: ItemKey, right: ItemKey): number {
  const second = order.first === 'hashKey' ? 'sortKey' : 'hashKey'
  return comparePart(order, order.first, left, right) || comparePart(order, second, left, right)
}

function comparePart(order: Order, part: keyof ItemKey, left: ItemKey, right: ItemKey): number {
  const ascending = compareBytes(left[part], right[part])
  return order[part] === 'ascending' ? ascending : -ascending
}
