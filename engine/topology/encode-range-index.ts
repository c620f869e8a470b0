import { RangeIndex } from './range-index.js'
import { RankedBits } from './ranked-bits.js'
import { openSnapshot, SnapshotError, sealSnapshot } from './snapshot.js'
import { BodyReader, BodyWriter } from './snapshot-body.js'

/**
 * The hash key; how many boundaries there are; the shape, one bit for each partition; the boundaries, each as how many
 * bytes it shares with the one before, and its others.
 */
export function encodeRangeIndex(index: RangeIndex, version: number): Uint8Array {
  const body = new BodyWriter()
  body.number(index.hashKey.length)
  body.bytes(index.hashKey)
  body.number(index.boundaries.length)
  body.bytes(index.shape.toBytes())
  let before: Uint8Array = new Uint8Array()
  for (const boundary of index.boundaries) {
    const shared = sharedBytes(before, boundary)
    body.number(shared)
    body.number(boundary.length - shared)
    body.bytes(boundary.subarray(shared))
    before = boundary
  }
  return sealSnapshot('range', version, body.finish())
}

/**
 * Reads what {@link encodeRangeIndex} wrote. Whoever asked for the ranges of a hash key looks at whose these are.
 *
 * @throws {SnapshotError} for anything that is not a whole index.
 */
export function decodeRangeIndex(bytes: Uint8Array): {
  readonly index: RangeIndex
  readonly version: number
} {
  const { version, body } = openSnapshot('range', bytes)
  const reader = new BodyReader(body)
  const hashKey = reader.bytes(reader.number()).slice()
  const count = reader.number()
  const partitions = 2 * count + 1
  const shape = RankedBits.fromBytes(reader.bytes(Math.ceil(partitions / 8)), partitions)
  const boundaries: Uint8Array[] = []
  for (let before: Uint8Array = new Uint8Array(); boundaries.length < count; ) {
    const shared = reader.number()
    if (shared > before.length) throw new SnapshotError('a boundary shares more than there is')
    const rest = reader.bytes(reader.number())
    // Each list has one text alone.
    if (rest[0] === before[shared]) throw new SnapshotError('a boundary shares more than it says')
    const boundary = new Uint8Array(shared + rest.length)
    boundary.set(before.subarray(0, shared))
    boundary.set(rest, shared)
    boundaries.push(boundary)
    before = boundary
  }
  reader.end()
  const index = shape && RangeIndex.fromShape(hashKey, shape, boundaries)
  if (index === undefined) throw new SnapshotError('a shape and boundaries that are no ranges')
  return { index, version }
}

function sharedBytes(left: Uint8Array, right: Uint8Array): number {
  const most = Math.min(left.length, right.length)
  let shared = 0
  while (shared < most && left[shared] === right[shared]) shared++
  return shared
}
