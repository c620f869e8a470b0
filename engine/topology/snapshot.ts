import { assert } from '../errors.js'
import { hashBytes } from '../keys/hash.js'

/**
 * What was read is no snapshot: damaged, cut off, of another kind, or of a format that is not known here. Whoever reads
 * goes on with what it knew before. Internal: no caller of this package sees it.
 */
export class SnapshotError extends Error {
  override name = 'SnapshotError'
}

/** What a snapshot is of: all hash partitions, which hash keys are promoted, or one of those with its ranges. */
export type SnapshotKind = 'forest' | 'promoted' | 'range'

const MAGIC = 0x666f6b73
const KINDS: Record<SnapshotKind, number> = { forest: 1, promoted: 2, range: 3 }
/** Counts up when a body, or this envelope, changes in a way that older readers would not understand. */
const FORMAT = 1
const CHECKSUM_SEEDS = [0x5ea1ed00, 0x0ff5e7ed] as const

/** Magic, kind, format, version (eight bytes), length of the body: whole words, most significant byte first. */
const HEAD_BYTES = 20
const CHECKSUM_BYTES = 8
const BODY_AT = HEAD_BYTES + CHECKSUM_BYTES
const WORD = 2 ** 32

/**
 * Puts a body into the envelope that everything that is published has.
 *
 * Two hashes guard it, of everything before and behind them. MurmurHash3 changes its state by a bijection with each
 * four bytes, so a change within four bytes that are one word of the snapshot is always found; anything else that
 * happens by chance stays unseen once in 2^64 times. It is no defence against who means harm.
 *
 * @param version of the publication, not of the format: a whole number from 0 to 2^53 - 1.
 */
export function sealSnapshot(kind: SnapshotKind, version: number, body: Uint8Array): Uint8Array {
  assert(Number.isSafeInteger(version) && version >= 0, 'the version of a snapshot is a whole number')
  const bytes = new Uint8Array(BODY_AT + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC)
  view.setUint16(4, KINDS[kind])
  view.setUint16(6, FORMAT)
  view.setUint32(8, Math.floor(version / WORD))
  view.setUint32(12, version % WORD)
  view.setUint32(16, body.length)
  bytes.set(body, BODY_AT)
  checksumsOf(bytes).forEach((checksum, i) => {
    view.setUint32(HEAD_BYTES + 4 * i, checksum)
  })
  return bytes
}

/**
 * Takes a body out of its envelope.
 *
 * @returns the body as a view of `bytes`: who keeps it, keeps them.
 * @throws {SnapshotError} for anything that {@link sealSnapshot} did not make of that kind, to the last byte.
 */
export function openSnapshot(
  kind: SnapshotKind,
  bytes: Uint8Array,
): { readonly version: number; readonly body: Uint8Array } {
  if (bytes.length < BODY_AT) throw new SnapshotError('a snapshot is longer than that')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== MAGIC) throw new SnapshotError('that is no snapshot')
  if (view.getUint16(4) !== KINDS[kind]) throw new SnapshotError(`that is no snapshot of the kind ${kind}`)
  const format = view.getUint16(6)
  if (format !== FORMAT) throw new SnapshotError(`a snapshot of format ${format}, which is not known here`)
  const length = view.getUint32(16)
  if (length !== bytes.length - BODY_AT) {
    throw new SnapshotError(`a snapshot's body has ${length} bytes, not ${bytes.length - BODY_AT}`)
  }
  if (checksumsOf(bytes).some((checksum, i) => checksum !== view.getUint32(HEAD_BYTES + 4 * i))) {
    throw new SnapshotError('a snapshot is damaged')
  }
  const version = view.getUint32(8) * WORD + view.getUint32(12)
  if (!Number.isSafeInteger(version)) throw new SnapshotError('a version is out of its bounds')
  return { version, body: bytes.subarray(BODY_AT) }
}

/** The hash of the head is the seed of the body's, so that each guards both. */
function checksumsOf(bytes: Uint8Array): number[] {
  const head = bytes.subarray(0, HEAD_BYTES)
  const body = bytes.subarray(BODY_AT)
  return CHECKSUM_SEEDS.map((seed) => hashBytes(body, hashBytes(head, seed)))
}
