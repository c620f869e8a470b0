import { PromotedFilter } from './promoted-filter.js'
import { openSnapshot, SnapshotError, sealSnapshot } from './snapshot.js'
import { BodyReader, BodyWriter } from './snapshot-body.js'

/** For how many keys it is made, and its bits: a million keys take 1.25 MB at most. */
export function encodeFilter(filter: PromotedFilter, version: number): Uint8Array {
  const body = new BodyWriter()
  body.number(filter.capacity)
  body.bytes(filter.bits)
  return sealSnapshot('promoted', version, body.finish())
}

/**
 * Reads what {@link encodeFilter} wrote. The filter takes no more keys.
 *
 * @throws {SnapshotError} for anything that is not a whole filter.
 */
export function decodeFilter(bytes: Uint8Array): {
  readonly filter: PromotedFilter
  readonly version: number
} {
  const { version, body } = openSnapshot('promoted', bytes)
  const reader = new BodyReader(body)
  const capacity = reader.number()
  // A copy: nobody who changes what was read changes what is known.
  const filter = PromotedFilter.fromBits(capacity, reader.bytes(reader.left).slice())
  if (filter === undefined) throw new SnapshotError(`no filter is made for ${capacity} keys, or not so large`)
  return { filter, version }
}
