import { InvalidRequestError, LimitError } from '../errors.js'
import type { Change } from '../operations.js'
import { type Limits, MAX_CHANGES, MAX_STATEMENT_BYTES } from '../settings.js'
import { type ItemText, textBytes } from '../values/item-text.js'

/**
 * Refuses a write before anything of it is done.
 *
 * @throws {LimitError} when a key, an item or the whole write is too large.
 * @throws {InvalidRequestError} when it changes nothing.
 */
export function checkWriteSize(changes: readonly Change[], limits: Limits): void {
  if (changes.length === 0) throw new InvalidRequestError('a write changes at least one item')
  if (changes.length > MAX_CHANGES) {
    throw new LimitError(
      `a statement changes at most ${MAX_CHANGES} items, not ${changes.length}: change fewer rows at once`,
      {
        limit: MAX_CHANGES,
        size: changes.length,
      },
    )
  }
  let bytes = 0
  changes.forEach((change, index) => {
    checkSize('hash key', change.key.hashKey.length, limits.hashKeyBytes, index)
    checkSize('sort key', change.key.sortKey.length, limits.sortKeyBytes, index)
    if (change.kind === 'put' || change.kind === 'insert') bytes += checkItemSize(change.item, limits, index)
  })
  if (bytes > MAX_STATEMENT_BYTES) {
    throw new LimitError(
      `a statement writes at most ${MAX_STATEMENT_BYTES} bytes, not ${bytes}: write fewer rows at once`,
      { limit: MAX_STATEMENT_BYTES, size: bytes },
    )
  }
}

/** @returns the item's size in bytes. @throws {LimitError} when it is too large. */
export function checkItemSize(item: ItemText, limits: Limits, index: number): number {
  const bytes = textBytes(item)
  checkSize('item', bytes, limits.itemBytes, index)
  return bytes
}

function checkSize(what: string, size: number, limit: number, index: number): void {
  if (size <= limit) return
  throw new LimitError(
    `the ${what} has ${size} bytes, and at most ${limit} are allowed: make it smaller, or keep a part of it elsewhere`,
    { what, index, size, limit },
  )
}
