import { childIndex } from './partition-name.js'
import { RankedBits } from './ranked-bits.js'

/** What all hash partitions of a database grow by: how many there are from the start, and how many each splits into. */
export interface TreeShape {
  readonly roots: number
  readonly fanout: number
}

/**
 * All hash partitions of a database. Immutable.
 *
 * One bit for each of them, level by level: has it split? As all have equally many children, the first child of a
 * partition follows from how many before it have split. This is half of LOUDS (Jacobson, "Space-efficient static
 * trees and graphs", 1989), which has to say also how many children there are.
 */
export class Forest {
  readonly roots: number
  readonly fanout: number
  /** In the order of levels, one for each partition: whether it has split. */
  readonly bits: RankedBits

  private constructor({ roots, fanout }: TreeShape, bits: RankedBits) {
    this.roots = roots
    this.fanout = fanout
    this.bits = bits
  }

  /** The roots alone: none has split. */
  static of(shape: TreeShape): Forest {
    return new Forest(shape, new RankedBits(RankedBits.wordsFor(shape.roots), shape.roots))
  }

  /**
   * The forest in which all of these have split. What hangs from a partition that has not is left out.
   *
   * @param splits paths as in a partition's place, `[root, child, …]`; in any order, doubled or not.
   */
  static fromSplits(shape: TreeShape, splits: Iterable<readonly number[]>): Forest {
    const { roots, fanout } = shape
    // Partitions are numbered as they come; the first child of each, or 0, as no child is number 0.
    const firstChildren = new Array<number>(roots).fill(0)
    const hasPlace = (path: readonly number[]): boolean => {
      const split = follow(path, shape, (partition) => firstChildren[partition] as number)
      if (split === undefined || firstChildren[split] !== 0) return split !== undefined
      firstChildren[split] = firstChildren.length
      for (let i = 0; i < fanout; i++) firstChildren.push(0)
      return true
    }
    // Told level by level, none has to wait: the paths of a large forest would fill the memory.
    const early: (readonly number[])[] = []
    for (const path of splits) if (!hasPlace(path)) early.push(path)
    // Whoever is above a partition comes before it, so that what is not there then never will be.
    early.sort((left, right) => left.length - right.length).forEach(hasPlace)
    return new Forest(shape, levelByLevel(shape, firstChildren))
  }

  /** The forest of bits as {@link bits} are. Nothing, if no forest has these. */
  static fromBits(shape: TreeShape, bits: RankedBits): Forest | undefined {
    const { roots, fanout } = shape
    if (bits.length !== roots + fanout * bits.ones) return undefined
    // Level by level: those who have split before the first of a level are the parents of it, to its end.
    for (let first = 0; first < bits.length; ) {
      const next = roots + fanout * bits.rank(first)
      // Whoever is here hangs from nobody.
      if (next <= first) return undefined
      first = next
    }
    return new Forest(shape, bits)
  }

  /** How many partitions there are, those that have split included. */
  get partitions(): number {
    return this.bits.length
  }

  /** Of the typed arrays. */
  get memoryBytes(): number {
    return this.bits.memoryBytes
  }

  /** Whether a partition has split. One that is not there has not. */
  hasSplit(path: readonly number[]): boolean {
    const partition = this.#find(path)
    return partition !== undefined && this.bits.has(partition)
  }

  /**
   * The same forest in which one more has split: itself, if that has already, or is not there. Costs a copy of the
   * bits, so many splits at once are better given to {@link fromSplits}.
   */
  split(path: readonly number[]): Forest {
    const partition = this.#find(path)
    if (partition === undefined || this.bits.has(partition)) return this
    return new Forest(this, this.bits.insertZeros(partition, this.#firstChildOf(partition), this.fanout))
  }

  /** The path of the partition that a hash key belongs to: it has not split. */
  leafOf(hashKey: Uint8Array): number[] {
    let partition = childIndex(hashKey, 0, this.roots)
    const path = [partition]
    while (this.bits.has(partition)) {
      const child = childIndex(hashKey, path.length, this.fanout)
      partition = this.#firstChildOf(partition) + child
      path.push(child)
    }
    return path
  }

  /** Its place in the order of levels. */
  #find(path: readonly number[]): number | undefined {
    return follow(path, this, (partition) => (this.bits.has(partition) ? this.#firstChildOf(partition) : 0))
  }

  /** Where its first child is, or would be. */
  #firstChildOf(partition: number): number {
    return this.roots + this.fanout * this.bits.rank(partition)
  }
}

/**
 * The number of the partition at the end of a path, if it is there.
 *
 * @param firstChildOf the number of a partition's first child, or 0 if it has none.
 */
function follow(
  path: readonly number[],
  { roots, fanout }: TreeShape,
  firstChildOf: (partition: number) => number,
): number | undefined {
  let partition = path[0]
  if (partition === undefined || !isIndex(partition, roots)) return undefined
  for (let level = 1; level < path.length; level++) {
    const first = firstChildOf(partition)
    const child = path[level] as number
    if (first === 0 || !isIndex(child, fanout)) return undefined
    partition = first + child
  }
  return partition
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count
}

/** The bits of a forest whose partitions are numbered in some other way. */
function levelByLevel({ roots, fanout }: TreeShape, firstChildren: readonly number[]): RankedBits {
  const count = firstChildren.length
  const words = RankedBits.wordsFor(count)
  const order = new Uint32Array(count)
  for (let root = 0; root < roots; root++) order[root] = root
  for (let i = 0, known = roots; i < count; i++) {
    const first = firstChildren[order[i] as number] as number
    if (first === 0) continue
    words[i >>> 5] = (words[i >>> 5] as number) | (1 << (i & 31))
    for (let child = 0; child < fanout; child++) order[known++] = first + child
  }
  return new RankedBits(words, count)
}
