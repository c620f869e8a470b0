import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { Route, Span } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from './key-set.js'
import { childIndex, isAbove, nameOf, placeOf, rangeRootOf } from './partition-name.js'
import type { KnownRange } from './range-index.js'
import { Snapshots } from './snapshots.js'

/** Hash partitions below the roots that are kept in mind, and ranges of hash keys: so many of each. */
const MOST_KEPT = 20_000

/** A piece of a span that lies in one partition, as far as is known. */
export interface Piece {
  readonly partition: PartitionName
  readonly interval: Interval
}

export interface RouterOptions {
  /** What was published of the same tree. Nothing of it is known, if they are not given. */
  readonly snapshots?: Snapshots
  /** Partitions of each kind that are kept in mind. What was learned last stays. */
  readonly mostKept?: number
}

/**
 * What somebody knows of the tree, by what was published and by answers: enough to send a request to its owner, or to
 * a partition above it, which passes it on. What is forgotten, or was never known, costs hops and nothing else.
 * Partitions are never merged, so what was once true of a partition's keys leads to their owner for ever.
 */
export class Router {
  readonly #database: string
  readonly #roots: number
  readonly #fanout: number
  readonly #mostKept: number
  /** What was published, which others may share. */
  readonly #snapshots: Snapshots
  /** What is not in the published forest, by their paths. */
  readonly #hashPartitions = new Map<string, PartitionName>()
  /** Of promoted hash keys, by their texts: in order, and none overlaps another. */
  readonly #ranges = new Map<string, KnownRange[]>()
  #countOfRanges = 0

  /**
   * @param database its name, as it is given and not as partitions' names hold it.
   */
  constructor(
    database: string,
    { roots, fanout }: { readonly roots: number; readonly fanout: number },
    { snapshots = new Snapshots({ roots, fanout }), mostKept = MOST_KEPT }: RouterOptions = {},
  ) {
    this.#snapshots = snapshots
    this.#mostKept = mostKept
    this.#database = encodeURIComponent(database)
    this.#roots = roots
    this.#fanout = fanout
  }

  /** How much is kept in mind. */
  get size(): { readonly hashPartitions: number; readonly ranges: number } {
    return { hashPartitions: this.#hashPartitions.size, ranges: this.#countOfRanges }
  }

  /** What was published of the tree, as far as it was read. */
  get snapshots(): Snapshots {
    return this.#snapshots
  }

  /** The partition to ask for a key. */
  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName {
    const owner = this.#hashOwnerOf(hashKey)
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined) return owner
    return rangeAt(ranges, sortKey)?.partition ?? rangeRootOf(owner, hashKey)
  }

  /**
   * The same as it can be told to others, who learn from it.
   *
   * @param before for what lies right before the sort key, and not at it.
   */
  routeTo(hashKey: Uint8Array, sortKey: Uint8Array, before = false): Route {
    const owner = this.#hashOwnerOf(hashKey)
    const ranges = this.#rangesOf(hashKey)
    if (ranges === undefined) return { partition: owner }
    const known = before ? rangeBefore(ranges, sortKey) : rangeAt(ranges, sortKey)
    const { from, to } = known ?? EVERYTHING
    return {
      partition: known?.partition ?? rangeRootOf(owner, hashKey),
      range: { hashKey, interval: { from, to } },
    }
  }

  /**
   * The partition to ask first for an interval: for its beginning, or for its end if it is read from there. An
   * empty interval belongs to where it begins.
   */
  firstOf({ hashKey, interval }: Span, descending: boolean): PartitionName {
    const atEnd = descending && !isEmpty(interval)
    return atEnd ? this.routeTo(hashKey, interval.to, true).partition : this.ownerOf(hashKey, interval.from)
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
    if (asked !== undefined && isAbove(partition, asked)) this.forget(asked)
    if (range !== undefined) this.#learnRange(partition, range)
    else if (placeOf(partition).kind === 'hash') this.#learnHash(partition)
  }

  /** Keeps in mind who serves what of a hash key. @param ranges in order; none overlaps another. */
  learnRanges(hashKey: Uint8Array, ranges: readonly KnownRange[]): void {
    this.#overlay(hashKey, ranges, EVERYTHING)
  }

  /** A partition is not what it is known as here: nothing of it, nor below it. */
  forget(partition: PartitionName): void {
    const place = placeOf(partition)
    if (place.kind === 'hash') {
      this.#hashPartitions.delete(place.path.join('.'))
      this.#snapshots.refute(place.path)
      return
    }
    const root = nameOf({ ...place, path: [] })
    for (const [text, known] of this.#ranges) {
      // Those of one hash key have one beginning.
      if (known[0]?.partition.startsWith(root) !== true) continue
      const others = known.filter(
        (each) => each.partition !== partition && !isAbove(partition, each.partition),
      )
      if (others.length === known.length) continue
      this.#countOfRanges += others.length - known.length
      if (others.length === 0) this.#ranges.delete(text)
      else this.#ranges.set(text, others)
    }
  }

  #rangesOf(hashKey: Uint8Array): readonly KnownRange[] | undefined {
    return this.#ranges.size === 0 ? undefined : this.#ranges.get(keyText(hashKey))
  }

  #hashOwnerOf(hashKey: Uint8Array): PartitionName {
    const { forest } = this.#snapshots
    const leaf = forest?.leafOf(hashKey) ?? [childIndex(hashKey, 0, this.#roots)]
    let owner = nameOf({ kind: 'hash', database: this.#database, path: leaf })
    if (this.#hashPartitions.size === 0) return owner
    let path = leaf.join('.')
    for (let level = leaf.length; ; level++) {
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
      if (this.#snapshots.knows(above)) break
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
    const { from, to } = interval
    const added = { from, to, partition, depth: placeOf(partition).path.length }
    this.#overlay(hashKey, [added], interval)
  }

  /** @param near where somebody works. */
  #overlay(hashKey: Uint8Array, added: readonly KnownRange[], near: Interval): void {
    const text = keyText(hashKey)
    const known = this.#ranges.get(text) ?? []
    const ranges = overlay(known, added)
    // Of one hash key with more than are kept, those far from there go first.
    while (ranges.length > this.#mostKept) {
      const isLate = firstEndingBehind(ranges, near.from) >= ranges.length / 2
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
}

function rangeAt(ranges: readonly KnownRange[], sortKey: Uint8Array): KnownRange | undefined {
  const range = ranges[firstEndingBehind(ranges, sortKey)]
  return range !== undefined && holdsKey(range, sortKey) ? range : undefined
}

/** The range of what lies right before a bound. */
function rangeBefore(ranges: readonly KnownRange[], bound: Uint8Array): KnownRange | undefined {
  const range = ranges[firstEndingAt(ranges, bound)]
  return range !== undefined && compareBytes(range.from, bound) < 0 ? range : undefined
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

/**
 * Two lists of ranges, each in order and without overlaps, as one: what is deeper was split off from what is above
 * it, whichever was heard of first.
 */
function overlay(known: readonly KnownRange[], added: readonly KnownRange[]): KnownRange[] {
  const ranges: KnownRange[] = []
  const lists = [known, added] as const
  const at: [number, number] = [0, 0]
  const current: [KnownRange | undefined, KnownRange | undefined] = [known[0], added[0]]
  const advance = (list: 0 | 1) => {
    current[list] = lists[list][++at[list]]
  }
  const keep = (list: 0 | 1, range: KnownRange) => {
    ranges.push(range)
    advance(list)
  }
  for (;;) {
    const [left, right] = current
    if (left === undefined && right === undefined) return ranges
    if (right === undefined || (left !== undefined && compareBytes(left.to, right.from) <= 0)) {
      keep(0, left as KnownRange)
    } else if (left === undefined || compareBytes(right.to, left.from) <= 0) {
      keep(1, right)
    } else {
      const [upper, lower] = left.depth >= right.depth ? ([1, 0] as const) : ([0, 1] as const)
      const [above, below] = [current[upper] as KnownRange, current[lower] as KnownRange]
      if (compareBytes(above.from, below.from) < 0) ranges.push({ ...above, to: below.from })
      if (compareBytes(above.to, below.to) <= 0) advance(upper)
      else {
        current[upper] = { ...above, from: below.to }
        keep(lower, below)
      }
    }
  }
}
