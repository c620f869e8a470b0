import { LimitError } from '../errors.js'
import { holds, project } from '../expressions/evaluate.js'
import type { Reading } from '../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'

/** Characters of one item as it is answered: an answer over RPC has at most 32 MiB. */
export const MAX_SHOWN_CHARACTERS = 4_000_000

/**
 * The item as it was asked for, or nothing if it does not pass. An item nobody looks into is not decoded.
 *
 * @throws {LimitError} when it would be too large to send.
 */
export function show(item: ItemText, { filter, projection = 'all' }: Reading): ItemText | undefined {
  if (filter === undefined && projection === 'all') return item
  const decoded = decodeItem(item)
  if (!holds(filter, { item: decoded })) return undefined
  if (projection === 'all') return item
  const projected = encodeItem(project(projection, decoded))
  if (projected.length <= MAX_SHOWN_CHARACTERS) return projected
  throw new LimitError(
    `a row as it is selected has ${projected.length} characters, and at most ${MAX_SHOWN_CHARACTERS} are allowed: ` +
      'select fewer columns',
    { size: projected.length, limit: MAX_SHOWN_CHARACTERS },
  )
}
