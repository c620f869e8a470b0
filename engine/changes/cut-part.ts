import type {
  Change,
  Fingerprint,
  ItemKey,
  PieceSums,
  PlannedChange,
  SeenInterval,
  SeenItem,
  Span,
  TransactionPart,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import type { Piece } from '../topology/router.js'
import { addFingerprints, EMPTY_FINGERPRINT, sameFingerprint } from './fingerprint.js'

/** Somebody's picture of the tree. */
export interface Picture {
  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName
  piecesOf(span: Span): readonly Piece[]
}

/** What a transaction asks of each partition, and what the pieces of its intervals must sum to. */
export interface CutParts {
  readonly parts: ReadonlyMap<PartitionName, TransactionPart>
  /** By the intervals' numbers. */
  readonly cuts: readonly Fingerprint[]
}

/**
 * Cuts what a transaction has seen and changes into parts, one for each partition. Every change stays in its order.
 * An interval that lies in several partitions becomes a piece in each, which together must sum to what it did.
 *
 * @param cuts of the intervals that were cut before.
 */
export function cutParts(
  whole: readonly TransactionPart[],
  picture: Picture,
  cuts: readonly Fingerprint[] = [],
): CutParts {
  const sums = [...cuts]
  const parts = new Map<
    PartitionName,
    { seen: { items: SeenItem[]; intervals: SeenInterval[] }; changes: PlannedChange[] }
  >()
  const partOf = (partition: PartitionName) => {
    const part = parts.get(partition) ?? { seen: { items: [], intervals: [] }, changes: [] }
    parts.set(partition, part)
    return part
  }
  const ownerOf = ({ hashKey, sortKey }: ItemKey) => picture.ownerOf(hashKey, sortKey)
  for (const { seen, changes } of whole) {
    for (const planned of changes) {
      const owner = ownerOf(planned.change.key)
      for (const [partition, change] of cutChange(planned.change, owner, picture)) {
        partOf(partition).changes.push({ ...planned, change })
      }
    }
    for (const item of seen.items) partOf(ownerOf(item.key)).seen.items.push(item)
    for (const interval of seen.intervals) {
      const pieces = picture.piecesOf(interval)
      const [only] = pieces
      if (pieces.length === 1 && only !== undefined) {
        partOf(only.partition).seen.intervals.push(interval)
        continue
      }
      const of = interval.of ?? sums.push(interval.fingerprint) - 1
      for (const piece of pieces) {
        partOf(piece.partition).seen.intervals.push({ ...interval, interval: piece.interval, of })
      }
    }
  }
  // Parts that were cut by another picture may meet again in one partition.
  for (const { changes } of parts.values()) changes.sort((left, right) => left.index - right.index)
  return { parts, cuts: sums }
}

/** Whether all that was read of the intervals that were cut is as it was. */
export function sumsAgree(cuts: readonly Fingerprint[], answers: readonly PieceSums[]): boolean {
  const totals = cuts.map(() => EMPTY_FINGERPRINT)
  for (const [of, sum] of answers.flat()) totals[of] = addFingerprints(totals[of] ?? EMPTY_FINGERPRINT, sum)
  return cuts.every((sum, of) => sameFingerprint(sum, totals[of] as Fingerprint))
}

/** A change that must be alone in an interval asks all partitions that the interval lies in. */
function cutChange(change: Change, owner: PartitionName, picture: Picture): [PartitionName, Change][] {
  if (!('aloneIn' in change) || change.aloneIn === undefined) return [[owner, change]]
  const { aloneIn, ...rest } = change
  const pieces = picture.piecesOf({ hashKey: change.key.hashKey, interval: aloneIn })
  const own = pieces.filter(({ partition }) => partition === owner)
  const others = pieces.filter(({ partition }) => partition !== owner)
  const alone = ({ interval }: Piece) => ({ kind: 'alone', key: change.key, aloneIn: interval }) as const
  if (change.kind === 'alone') return pieces.map((piece) => [piece.partition, alone(piece)])
  const [first, ...more] = own
  // Several of one partition, as far as is known: all but one are asked for beside the change.
  return [
    [owner, first === undefined ? (rest as Change) : { ...change, aloneIn: first.interval }],
    ...[...more, ...others].map((piece): [PartitionName, Change] => [piece.partition, alone(piece)]),
  ]
}
