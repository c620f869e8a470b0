import { InvalidRequestError, LimitError } from './errors.js'
import type { PartitionOperation, PartitionWrite } from './operations.js'
import { type Limits, MAX_CHANGES, MAX_REQUEST_BYTES, MAX_STATEMENT_BYTES } from './settings.js'
import { type ItemText, textBytes } from './values/item-text.js'

/**
 * Refuses a write before anything of it is done.
 *
 * @throws {LimitError} when a key, an item or the whole write is too large.
 * @throws {InvalidRequestError} when it changes nothing.
 */
export function checkWriteSize(changes: PartitionWrite['changes'], limits: Limits): void {
  if (changes.length === 0) throw new InvalidRequestError('a write changes at least one item')
  if (changes.length > MAX_CHANGES) {
    throw new LimitError(`a statement changes at most ${MAX_CHANGES} items, not ${changes.length}`, {
      limit: MAX_CHANGES,
      size: changes.length,
    })
  }
  let bytes = 0
  changes.forEach((change, index) => {
    checkSize('hash key', change.key.hashKey.length, limits.hashKeyBytes, index)
    checkSize('sort key', change.key.sortKey.length, limits.sortKeyBytes, index)
    if (change.kind === 'put' || change.kind === 'insert') bytes += checkItemSize(change.item, limits, index)
  })
  checkSize('statement', bytes, MAX_STATEMENT_BYTES)
}

/** @returns the item's size in bytes. @throws {LimitError} when it is too large. */
export function checkItemSize(item: ItemText, limits: Limits, index: number): number {
  const bytes = textBytes(item)
  checkSize('item', bytes, limits.itemBytes, index)
  return bytes
}

function checkSize(what: string, size: number, limit: number, index?: number): void {
  if (size <= limit) return
  throw new LimitError(
    `the ${what} has ${size} bytes, and at most ${limit} are allowed: make it smaller, or split it`,
    { what, index, size, limit },
  )
}

/**
 * Refuses a request that RPC could not carry, before it is sent.
 *
 * @throws {LimitError} when its values are too large together.
 */
export function checkRequestSize(operation: PartitionOperation): void {
  checkSize('request', dataBytes(operation), MAX_REQUEST_BYTES)
}

/** About what a structured clone takes of strings, bytes and lists of anything, which is what can be large. */
function dataBytes(data: unknown): number {
  if (typeof data === 'string') return 2 * data.length
  if (data instanceof Uint8Array) return data.length
  if (typeof data !== 'object' || data === null) return 8
  let bytes = 8
  for (const part of Symbol.iterator in data ? (data as Iterable<unknown>) : Object.values(data)) {
    bytes += dataBytes(part)
  }
  return bytes
}
