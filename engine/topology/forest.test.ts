import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeForest, encodeForest } from './encode-forest.js'
import { Forest, type TreeShape } from './forest.js'
import { childIndex } from './partition-name.js'
import { RankedBits } from './ranked-bits.js'

/** The same as a plain tree of Maps. */
interface PlainPartition {
  readonly path: readonly number[]
  readonly children: Map<number, PlainPartition>
}

class PlainForest {
  readonly #shape: TreeShape
  readonly #roots: PlainPartition
  count: number

  constructor(shape: TreeShape) {
    this.#shape = shape
    this.#roots = { path: [], children: new Map() }
    this.count = 0
    this.#divide(this.#roots, shape.roots)
  }

  split(path: readonly number[]): void {
    const partition = this.#find(path)
    if (partition !== undefined && partition.children.size === 0) this.#divide(partition, this.#shape.fanout)
  }

  hasSplit(path: readonly number[]): boolean {
    return (this.#find(path)?.children.size ?? 0) > 0
  }

  leafOf(hashKey: Uint8Array): readonly number[] {
    let partition = this.#roots
    while (partition.children.size > 0) {
      const index = childIndex(hashKey, partition.path.length, partition.children.size)
      partition = partition.children.get(index) as PlainPartition
    }
    return partition.path
  }

  /** The paths of all partitions, those above first. */
  paths(): (readonly number[])[] {
    const found: (readonly number[])[] = []
    const pending = [this.#roots]
    for (const { path, children } of pending) {
      if (path.length > 0) found.push(path)
      pending.push(...children.values())
    }
    return found
  }

  #divide(partition: PlainPartition, into: number): void {
    for (let i = 0; i < into; i++) {
      partition.children.set(i, { path: [...partition.path, i], children: new Map() })
    }
    this.count += into
  }

  #find(path: readonly number[]): PlainPartition | undefined {
    if (path.length === 0) return undefined
    return path.reduce<PlainPartition | undefined>((above, step) => above?.children.get(step), this.#roots)
  }
}

const KEYS = Array.from({ length: 300 }, (_, i) => new TextEncoder().encode(`customer-${i}`))

const shapes = fc.record({
  roots: fc.integer({ min: 1, max: 8 }),
  fanout: fc.integer({ min: 2, max: 5 }),
})

/** How a forest grows: each time any leaf splits, or the one that a few keys belong to, which are hot. */
const growths = fc
  .tuple(
    shapes,
    fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 60 }),
    fc.integer({ min: 1, max: 300 }),
  )
  .map(([shape, choices, hotKeys]) => {
    const plain = new PlainForest(shape)
    const splits = choices.map(([choice, isHot]) => {
      const leaves = plain.paths().filter((path) => !plain.hasSplit(path))
      const hot = plain.leafOf(KEYS[choice % hotKeys] as Uint8Array)
      const path = isHot ? hot : (leaves[choice % leaves.length] as readonly number[])
      plain.split(path)
      return path
    })
    return { shape, plain, splits }
  })

function expectSame(forest: Forest, plain: PlainForest): void {
  expect(forest.partitions).toBe(plain.count)
  for (const path of plain.paths()) expect(forest.hasSplit(path)).toBe(plain.hasSplit(path))
  for (const key of KEYS) expect(forest.leafOf(key)).toEqual(plain.leafOf(key))
}

const shape = { roots: 3, fanout: 2 }

describe('a forest', () => {
  it('has its roots from the start', () => {
    const forest = Forest.of(shape)
    expect(forest.partitions).toBe(3)
    expectSame(forest, new PlainForest(shape))
  })

  it('is a plain tree, split by split', () => {
    fc.assert(
      fc.property(growths, ({ shape, splits }) => {
        const plain = new PlainForest(shape)
        let forest = Forest.of(shape)
        for (const path of splits) {
          const before = forest
          const partitions = before.partitions
          forest = forest.split(path)
          plain.split(path)
          expect(forest.hasSplit(path)).toBe(true)
          expect(forest.partitions).toBe(plain.count)
          // Who knows the one before goes on with that.
          expect(before.partitions).toBe(partitions)
          expect(before.hasSplit(path)).toBe(false)
        }
        expectSame(forest, plain)
      }),
      { numRuns: 150 },
    )
  })

  it('is the same of all its splits at once, in any order, told twice, and read again', () => {
    const shuffled = growths.chain(({ splits, ...grown }) =>
      fc
        .tuple(
          fc.shuffledSubarray(splits, { minLength: splits.length }),
          fc.subarray(splits),
          fc.maxSafeNat(),
        )
        .map(([first, again, version]) => ({ ...grown, splits, told: [...first, ...again], version })),
    )
    fc.assert(
      fc.property(shuffled, ({ shape, plain, splits, told, version }) => {
        const forest = Forest.fromSplits(shape, told)
        expectSame(forest, plain)
        const bytes = encodeForest(forest, version)
        const oneByOne = splits.reduce((forest, path) => forest.split(path), Forest.of(shape))
        expect(encodeForest(oneByOne, version)).toEqual(bytes)
        const read = decodeForest(bytes)
        expect(read.version).toBe(version)
        expect(read.forest).toMatchObject(shape)
        expectSame(read.forest, plain)
      }),
      { numRuns: 150 },
    )
  })

  it('leaves out what hangs from nobody, and what no partition is called', () => {
    const nowhere = [[], [3], [-1], [0.5], [Number.NaN], [0, 2], [0, -1], [1, 0], [1, 0, 0], [0, 0, 0]]
    const forest = Forest.fromSplits(shape, [...nowhere, [0]])
    expect(forest.partitions).toBe(5)
    expect(nowhere.filter((path) => forest.hasSplit(path))).toEqual([])
    for (const path of nowhere.filter((path) => path.length !== 1)) expect(forest.split(path)).toBe(forest)
    expect(forest.split([0])).toBe(forest)
  })

  it('is made of bits only if there is one for each partition', () => {
    const zeros = (length: number) => new RankedBits(RankedBits.wordsFor(length), length)
    expect(Forest.fromBits(shape, zeros(3))?.partitions).toBe(3)
    expect(Forest.fromBits(shape, zeros(2))).toBeUndefined()
    expect(Forest.fromBits(shape, zeros(4))).toBeUndefined()
  })

  it('may be as deep as it likes', () => {
    const path = new Array<number>(2_000).fill(0)
    const splits = path.map((_, i) => path.slice(0, i + 1))
    const forest = Forest.fromSplits({ roots: 1, fanout: 64 }, splits.toReversed())
    expect(forest.partitions).toBe(1 + 2_000 * 64)
    expect(forest.hasSplit(path)).toBe(true)
    expect(forest.hasSplit([...path, 0])).toBe(false)
  })
})
