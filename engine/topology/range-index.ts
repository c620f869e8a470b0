import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from './key-set.js'
import { PathText, pathText, rangeNamer } from './partition-name.js'
import { RankedBits } from './ranked-bits.js'

/** A range partition has two children. */
export interface RangeSplit {
  /** As in a partition's place: 0 is below a boundary, 1 from it on. The first range partition's is empty. */
  readonly path: readonly number[]
  /** The first sort key of its second child. */
  readonly boundary: Uint8Array
}

/** A range partition that serves, with the sort keys that are its own: from `from`, up to `to`. */
export interface KnownRange extends Interval {
  readonly partition: PartitionName
  /** The length of its path: how often what was all of the hash key has been divided for it. */
  readonly depth: number
}

/** The range partitions of one promoted hash key. Immutable. */
export class RangeIndex {
  readonly hashKey: Uint8Array
  /**
   * For each range partition whether it has been divided: itself, then all that came from its first child, then all
   * that came from its second.
   */
  readonly shape: RankedBits
  /** Rising; one between each range that serves and the next. */
  readonly boundaries: readonly Uint8Array[]

  private constructor(hashKey: Uint8Array, shape: RankedBits, boundaries: readonly Uint8Array[]) {
    this.hashKey = hashKey
    this.shape = shape
    this.boundaries = boundaries
  }

  /**
   * The ranges that these splits have made. What hangs from a partition that has not split is left out, and so is a
   * boundary that does not lie inside of its range. Of two boundaries for one partition, the first counts.
   *
   * @param splits in any order, doubled or not. Boundaries are kept as they are, paths are not.
   */
  static fromSplits(hashKey: Uint8Array, splits: Iterable<RangeSplit>): RangeIndex {
    // Of a path its text alone: the paths of a long chain would fill the memory.
    const pending = Array.from(splits, ({ path, boundary }) => ({
      depth: path.length,
      path: pathText(path),
      boundary,
    }))
    // Whoever is above a partition comes before it.
    pending.sort((left, right) => left.depth - right.depth)
    const first: Growing = { ...EVERYTHING, path: PathText.START }
    const serving = new Map([[first.path.text, first]])
    for (const { path, boundary } of pending) {
      const range = serving.get(path)
      if (range === undefined || !liesInside(boundary, range)) continue
      const below: Growing = { from: range.from, to: boundary, path: range.path.child(0) }
      const above: Growing = { from: boundary, to: range.to, path: range.path.child(1) }
      range.divided = { boundary, below, above }
      serving.delete(path)
      serving.set(below.path.text, below).set(above.path.text, above)
    }
    return new RangeIndex(hashKey, ...flatten(first, serving.size))
  }

  /** The ranges of a shape and boundaries as {@link shape} and {@link boundaries} are. Nothing, if none has these. */
  static fromShape(
    hashKey: Uint8Array,
    shape: RankedBits,
    boundaries: readonly Uint8Array[],
  ): RangeIndex | undefined {
    const bounds = [EVERYTHING.from, ...boundaries, EVERYTHING.to]
    const rises = bounds.every((bound, i) => i === 0 || compareBytes(bounds[i - 1] as Uint8Array, bound) < 0)
    if (!rises || shape.length !== 2 * boundaries.length + 1 || shape.ones !== boundaries.length)
      return undefined
    // How many are still to come; all others follow from somebody who has been divided.
    for (let i = 0, missing = 1; i < shape.length; i++) {
      if (missing === 0) return undefined
      missing += shape.has(i) ? 1 : -1
    }
    return new RangeIndex(hashKey, shape, boundaries)
  }

  /** How many ranges serve. */
  get size(): number {
    return this.boundaries.length + 1
  }

  /**
   * Those that serve, in order: every sort key lies in one of them.
   *
   * @param database its name, as it is given and not as partitions' names hold it.
   */
  ranges(database: string): KnownRange[] {
    const { shape, boundaries } = this
    const nameAt = rangeNamer(database, this.hashKey)
    const ranges: KnownRange[] = []
    const pending = [PathText.START]
    for (let i = 0; i < shape.length; i++) {
      const path = pending.pop() as PathText
      if (shape.has(i)) {
        pending.push(path.child(1), path.child(0))
        continue
      }
      const from = boundaries[ranges.length - 1] ?? EVERYTHING.from
      const to = boundaries[ranges.length] ?? EVERYTHING.to
      ranges.push({ from, to, partition: nameAt(path), depth: path.length })
    }
    return ranges
  }
}

/** A range that may be divided yet. */
interface Growing extends Interval {
  readonly path: PathText
  divided?: { readonly boundary: Uint8Array; readonly below: Growing; readonly above: Growing }
}

function liesInside(boundary: Uint8Array, { from, to }: Growing): boolean {
  return compareBytes(from, boundary) < 0 && compareBytes(boundary, to) < 0
}

function flatten(first: Growing, size: number): [shape: RankedBits, boundaries: Uint8Array[]] {
  const length = 2 * size - 1
  const words = RankedBits.wordsFor(length)
  const boundaries: Uint8Array[] = []
  const pending: (Growing | Uint8Array)[] = [first]
  for (let i = 0; i < length; ) {
    const next = pending.pop() as Growing | Uint8Array
    if (next instanceof Uint8Array) {
      boundaries.push(next)
      continue
    }
    if (next.divided !== undefined) {
      const { boundary, below, above } = next.divided
      words[i >>> 5] = (words[i >>> 5] as number) | (1 << (i & 31))
      pending.push(above, boundary, below)
    }
    i++
  }
  return [new RankedBits(words, length), boundaries]
}
