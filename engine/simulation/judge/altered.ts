import type { Statement } from '../record.js'
import { placeText, SORTS } from '../workloads/operation.js'
import { baseOf } from './own-view.js'

/**
 * What an alteration has found of its intervals, as ranges that it would have read: the rows that it changed, as they
 * were before it, and no others. Nothing, where a filter may have hidden some.
 *
 * @param own where its transaction had written before.
 */
export function foundByAltering(
  { operation, written, untold }: Statement,
  own: ReadonlySet<string>,
  id: number,
): Statement[] {
  if (operation.kind !== 'alter' || operation.atLeast !== undefined || untold === true) return []
  const { hashes, from, to } = operation
  return hashes.map((hash) => ({
    operation: { kind: 'range', hash, from, to, descending: false, pageSize: SORTS },
    covers: { from, to },
    seen: written.flatMap(({ place, made, removed }) => {
      if (place.hash !== hash || own.has(placeText(place))) return []
      if (removed !== undefined) return [{ place, row: removed }]
      return made?.row ? baseOf(place, made.row, id) : []
    }),
    written: [],
    conflict: false,
  }))
}
