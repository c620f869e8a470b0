import { Forest } from './forest.js'
import { RankedBits } from './ranked-bits.js'
import { openSnapshot, SnapshotError, sealSnapshot } from './snapshot.js'
import { BodyReader, BodyWriter } from './snapshot-body.js'

/** What settings may say. */
const MAX_ROOTS = 4_096
const MIN_FANOUT = 2
const MAX_FANOUT = 64

/** Roots, fan-out, how many partitions there are, and one bit for each: a million of them take 125 KB. */
export function encodeForest(forest: Forest, version: number): Uint8Array {
  const body = new BodyWriter()
  body.number(forest.roots)
  body.number(forest.fanout)
  body.number(forest.partitions)
  body.bytes(forest.bits.toBytes())
  return sealSnapshot('forest', version, body.finish())
}

/**
 * Reads what {@link encodeForest} wrote.
 *
 * @throws {SnapshotError} for anything that is not a whole forest.
 */
export function decodeForest(bytes: Uint8Array): { readonly forest: Forest; readonly version: number } {
  const { version, body } = openSnapshot('forest', bytes)
  const reader = new BodyReader(body)
  const shape = { roots: reader.number(), fanout: reader.number() }
  const { roots, fanout } = shape
  if (roots < 1 || roots > MAX_ROOTS || fanout < MIN_FANOUT || fanout > MAX_FANOUT) {
    throw new SnapshotError(`no forest has ${roots} roots and a fan-out of ${fanout}`)
  }
  const partitions = reader.number()
  const bits = RankedBits.fromBytes(reader.bytes(reader.left), partitions)
  const forest = bits && Forest.fromBits(shape, bits)
  if (forest === undefined) throw new SnapshotError('bits that are no forest')
  return { forest, version }
}
