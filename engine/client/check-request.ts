import { LimitError } from '../errors.js'
import type { PartitionOperation } from '../operations.js'

/** Bytes of one request: RPC carries 32 MiB. */
const MAX_REQUEST_BYTES = 16_000_000
/** How deep the parts of a request nest, two for each operator: so deep, partitions still evaluate conditions. */
const MAX_REQUEST_DEPTH = 1_000

/**
 * Refuses what could not be sent, before it is sent.
 *
 * @throws {LimitError} when the request's values are too large together, or nest too deeply.
 */
export function checkRequest(operation: PartitionOperation): void {
  const bytes = dataBytes(operation, 0)
  if (bytes <= MAX_REQUEST_BYTES) return
  throw new LimitError(
    `a statement takes at most ${MAX_REQUEST_BYTES} bytes to send, not ${bytes}: use fewer or smaller values`,
    { limit: MAX_REQUEST_BYTES, size: bytes },
  )
}

/** About what a structured clone takes of strings, bytes and lists of anything, which is what can be large. */
function dataBytes(data: unknown, depth: number): number {
  if (typeof data === 'string') return 2 * data.length
  if (data instanceof Uint8Array) return data.length
  if (typeof data !== 'object' || data === null) return 8
  if (depth > MAX_REQUEST_DEPTH) {
    throw new LimitError('the conditions nest too deeply: use fewer', {
      limit: MAX_REQUEST_DEPTH,
    })
  }
  let bytes = 8
  for (const part of Symbol.iterator in data ? (data as Iterable<unknown>) : Object.values(data)) {
    bytes += dataBytes(part, depth + 1)
  }
  return bytes
}
