import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { Route, Span } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from './key-set.js'
import { childIndex, isAbove, nameOf, placeOf, rangeRootOf } from './partition-name.js'

/** Hash partitions below the roots that are kept in mind, and ranges of hash keys: so many of each. */
const MOST_KEPT = 20_000

/** A piece of a span that lies in one partition, as far as is known. */
export interface Piece {
  readonly partition: PartitionName
  readonly interval: Interval
}

interface KnownRange extends Interval {
  readonly partition: PartitionName
  readonly depth: number
}

/**
 * What somebody knows of the tree: enough to send a request to its owner, or to a partition above it, which passes
 * it on. What is forgotten, or was never known, costs hops and nothing else. Partitions are never merged, so what
 * was once true of a partition's keys leads to their owner for ever.
 */
export class Router {
  readonly #database: string
  readonly #roots: number
  readonly #fanout: number
  readonly #mostKept: number
  /** By their paths. */
  readonly #hashPartitions = new Map<string, PartitionName>()
  /** Of promoted hash keys, by their texts: in order, and none overlaps another. */
  readonly #ranges = new Map<string, KnownRange[]>()
  #countOfRanges = 0

  /**
   * @param database its name, as it is given and not as partitions' names hold it.
   * @param mostKept partitions of each kind that are kept in mind. What was learned last stays.
   */
  constructor(
    database: string,
    { roots, fanout }: { readonly roots: number; readonly fanout: number },
    mostKept = MOST_KEPT,
  ) {
    this.#mostKept = mostKept
    this.#database = encodeURIComponent(database)
    this.#roots = roots
    this.#fanout = fanout
  }

  /** How much is kept in mind. */
  get size(): { readonly hashPartitions: number; readonly ranges: number } {
    return { hashPartitions: this.#hashPartitions.size, ranges: this.#countOfRanges }
  }

  /** The partition to ask for a key. */
  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName {
    const owner = this.#hashOwnerOf(hashKey)
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined) return owner
    return rangeAt(ranges, sortKey)?.partition ?? rangeRootOf(owner, hashKey)
  }

  /** The same as it can be told to others, who learn from it. */
  routeTo(hashKey: Uint8Array, sortKey: Uint8Array): Route {
    const partition = this.ownerOf(hashKey, sortKey)
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined) return { partition }
    const { from, to } = rangeAt(ranges, sortKey) ?? EVERYTHING
    return { partition, range: { hashKey, interval: { from, to } } }
  }

  /**
   * The partition to ask first for an interval: for its beginning, or for its end if it is read from there. An
   * empty interval belongs to where it begins.
   */
  firstOf({ hashKey, interval }: Span, descending: boolean): PartitionName {
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined || !descending || isEmpty(interval)) return this.ownerOf(hashKey, interval.from)
    const last = ranges[firstEndingAt(ranges, interval.to)]
    if (last !== undefined && compareBytes(last.from, interval.to) < 0) return last.partition
    return rangeRootOf(this.#hashOwnerOf(hashKey), hashKey)
  }

  /** The partitions to ask for all of an interval, in order. One at least, unless it is empty. */
  piecesOf({ hashKey, interval }: Span): Piece[] {
    const owner = this.#hashOwnerOf(hashKey)
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined) return [{ partition: owner, interval }]
    const root = rangeRootOf(owner, hashKey)
    const pieces: Piece[] = []
    let from = interval.from
    const add = (partition: PartitionName, piece: Interval) => {
      if (!isEmpty(piece)) pieces.push({ partition, interval: piece })
    }
    for (let i = firstEndingBehind(ranges, from); i < ranges.length; i++) {
      const { partition, ...range } = ranges[i] as KnownRange
      if (compareBytes(range.from, interval.to) >= 0) break
      const overlap = intersect(range, { from, to: interval.to })
      add(root, { from, to: overlap.from })
      add(partition, overlap)
      from = overlap.to
    }
    add(root, { from, to: interval.to })
    return pieces
  }

  /**
   * Keeps in mind who serves what.
   *
   * @param asked who was asked: if somebody above it answered, nothing is there.
   */
  learn({ partition, range }: Route, asked?: PartitionName): void {
    if (asked !== undefined && isAbove(partition, asked)) this.#forget(asked)
    if (range !== undefined) this.#learnRange(partition, range)
    else if (placeOf(partition).kind === 'hash') this.#learnHash(partition)
  }

  #rangesOf(hashKey: Uint8Array): readonly KnownRange[] | undefined {
    return this.#ranges.size === 0 ? undefined : this.#ranges.get(keyText(hashKey))
  }

  #hashOwnerOf(hashKey: Uint8Array): PartitionName {
    let path = String(childIndex(hashKey, 0, this.#roots))
    let owner = `${this.#database}/h/${path}` as PartitionName
    for (let level = 1; ; level++) {
      if (this.#hashPartitions.size === 0) return owner
      path += `.${childIndex(hashKey, level, this.#fanout)}`
      const child = this.#hashPartitions.get(path)
      if (child === undefined) return owner
      owner = child
    }
  }

  /** Those above it become the newest: nothing is forgotten before all that is below it. */
  #learnHash(partition: PartitionName): void {
    const { path, ...place } = placeOf(partition)
    for (let length = path.length; length > 1; length--) {
      const above = path.slice(0, length)
      const text = above.join('.')
      const name = this.#hashPartitions.get(text) ?? nameOf({ ...place, path: above })
      this.#hashPartitions.delete(text)
      this.#hashPartitions.set(text, name)
    }
    for (const oldest of this.#hashPartitions.keys()) {
      if (this.#hashPartitions.size <= this.#mostKept) return
      this.#hashPartitions.delete(oldest)
    }
  }

  #learnRange(partition: PartitionName, { hashKey, interval }: Span): void {
    const added: KnownRange = { ...interval, partition, depth: placeOf(partition).path.length }
    const text = keyText(hashKey)
    const known = this.#ranges.get(text) ?? []
    // What is deeper was split off from what is above it, whichever was heard of first.
    const deeper = known.filter(({ depth }) => depth >= added.depth)
    const pieces = deeper.reduce((left, range) => left.flatMap((piece) => without(piece, range)), [added])
    const others = pieces.reduce(
      (left, piece) => left.flatMap((range) => (deeper.includes(range) ? [range] : without(range, piece))),
      known,
    )
    const ranges = [...others, ...pieces].sort((left, right) => compareBytes(left.from, right.from))
    // Of one hash key with more than are kept, those far from where somebody works go first.
    while (ranges.length > this.#mostKept) {
      const isLate = firstEndingBehind(ranges, interval.from) >= ranges.length / 2
      ranges.splice(isLate ? 0 : -1, 1)
    }
    this.#countOfRanges += ranges.length - known.length
    this.#ranges.delete(text)
    this.#ranges.set(text, ranges)
    for (const [oldest, ofHashKey] of this.#ranges) {
      if (this.#countOfRanges <= this.#mostKept) return
      this.#ranges.delete(oldest)
      this.#countOfRanges -= ofHashKey.length
    }
  }

  #forget(partition: PartitionName): void {
    const place = placeOf(partition)
    if (place.kind === 'hash') {
      this.#hashPartitions.delete(place.path.join('.'))
      return
    }
    for (const [text, known] of this.#ranges) {
      const others = known.filter((each) => each.partition !== partition)
      if (others.length === known.length) continue
      this.#countOfRanges += others.length - known.length
      if (others.length === 0) this.#ranges.delete(text)
      else this.#ranges.set(text, others)
    }
  }
}

function rangeAt(ranges: readonly KnownRange[], sortKey: Uint8Array): KnownRange | undefined {
  const range = ranges[firstEndingBehind(ranges, sortKey)]
  return range !== undefined && holdsKey(range, sortKey) ? range : undefined
}

/** The place of the first range that ends behind a key. */
function firstEndingBehind(ranges: readonly KnownRange[], key: Uint8Array): number {
  return firstWhere(ranges, ({ to }) => compareBytes(to, key) > 0)
}

/** The place of the first range that ends at a bound or behind it. */
function firstEndingAt(ranges: readonly KnownRange[], bound: Uint8Array): number {
  return firstWhere(ranges, ({ to }) => compareBytes(to, bound) >= 0)
}

/** Ranges are in order, and so are their ends: from some place on, it holds for all. */
function firstWhere(ranges: readonly KnownRange[], holds: (range: KnownRange) => boolean): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(ranges[middle] as KnownRange)) high = middle
    else low = middle + 1
  }
  return low
}

function without(range: KnownRange, cut: Interval): KnownRange[] {
  const overlap = intersect(range, cut)
  if (isEmpty(overlap)) return [range]
  return [
    { ...range, to: overlap.from },
    { ...range, from: overlap.to },
  ].filter((left) => !isEmpty(left))
}
