import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey } from '../keys/interval.js'
import type { PartitionName } from '../ports.js'
import { decodeRangeIndex, encodeRangeIndex } from './encode-range-index.js'
import { EVERYTHING } from './key-set.js'
import { nameOf, placeOf, rangeRootOf, rootName } from './partition-name.js'
import { RangeIndex, type RangeSplit } from './range-index.js'

const HASH_KEY = new TextEncoder().encode('acme')
const DATABASE = 'tenant 7'

/** The same as a plain tree. */
interface PlainRange {
  readonly path: readonly number[]
  readonly from: Uint8Array
  readonly to: Uint8Array
  children?: readonly [PlainRange, PlainRange]
}

/** Splits one after the other, always the first that can be. */
function plainRanges(splits: readonly RangeSplit[]): PlainRange[] {
  let leaves: PlainRange[] = [{ path: [], ...EVERYTHING }]
  for (;;) {
    const applicable = splits.flatMap(({ path, boundary }) =>
      leaves
        .filter(
          (leaf) =>
            leaf.path.join() === path.join() &&
            leaf.path.length === path.length &&
            compareBytes(leaf.from, boundary) < 0 &&
            compareBytes(boundary, leaf.to) < 0,
        )
        .map((leaf) => ({ leaf, boundary })),
    )
    const [first] = applicable
    if (first === undefined) return leaves
    const { leaf, boundary } = first
    leaves = leaves.flatMap((each) =>
      each === leaf
        ? [
            { path: [...leaf.path, 0], from: leaf.from, to: boundary },
            { path: [...leaf.path, 1], from: boundary, to: leaf.to },
          ]
        : [each],
    )
  }
}

function nameAt(path: readonly number[]): PartitionName {
  return nameOf({ ...placeOf(rangeRootOf(rootName(DATABASE, 0), HASH_KEY)), path })
}

const boundary = fc.uint8Array({ maxLength: 3, max: 255 })
/** Some hang from nobody, some have a boundary that is elsewhere, some are doubled. */
const someSplits = fc.array(fc.record({ path: fc.array(fc.nat({ max: 1 }), { maxLength: 4 }), boundary }), {
  maxLength: 25,
})
/** Each divides a range that is there, at a boundary inside of it. */
const soundSplits = fc.array(fc.tuple(fc.nat(), boundary), { maxLength: 25 }).map((choices) => {
  const splits: RangeSplit[] = []
  let leaves = plainRanges([])
  for (const [choice, boundary] of choices) {
    const isInside = (leaf: PlainRange) => holdsKey(leaf, boundary) && compareBytes(leaf.from, boundary) < 0
    const leaf = leaves.find(isInside) ?? (leaves[choice % leaves.length] as PlainRange)
    splits.push({ path: leaf.path, boundary })
    leaves = plainRanges(splits)
  }
  return splits
})

describe('the ranges of a hash key', () => {
  it('are one at first', () => {
    const ranges = RangeIndex.fromSplits(HASH_KEY, []).ranges(DATABASE)
    expect(ranges).toEqual([{ ...EVERYTHING, partition: nameAt([]), depth: 0 }])
  })

  it('are those of a plain tree, also when they are read again', () => {
    fc.assert(
      fc.property(fc.oneof(someSplits, soundSplits), fc.maxSafeNat(), (splits, version) => {
        const index = RangeIndex.fromSplits(HASH_KEY, splits)
        const expected = plainRanges(splits).map(({ path, from, to }) => ({
          from,
          to,
          partition: nameAt(path),
          depth: path.length,
        }))
        expect(index.ranges(DATABASE)).toEqual(expected)
        expect(index.size).toBe(expected.length)
        const read = decodeRangeIndex(encodeRangeIndex(index, version))
        expect(read.version).toBe(version)
        expect(read.index.hashKey).toEqual(HASH_KEY)
        expect(read.index.ranges(DATABASE)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('are the same in whatever order they are heard of, also twice', () => {
    const told = soundSplits.chain((splits) => {
      const once = splits.filter(
        ({ path }, i) => splits.findIndex((s) => s.path.join() === path.join()) === i,
      )
      return fc
        .tuple(fc.shuffledSubarray(once, { minLength: once.length }), fc.subarray(once))
        .map(([first, again]) => ({ once, told: [...first, ...again] }))
    })
    fc.assert(
      fc.property(told, ({ once, told }) => {
        const bytes = encodeRangeIndex(RangeIndex.fromSplits(HASH_KEY, once), 1)
        expect(encodeRangeIndex(RangeIndex.fromSplits(HASH_KEY, told), 1)).toEqual(bytes)
      }),
    )
  })

  it('follow on each other, from the first key to the last', () => {
    fc.assert(
      fc.property(someSplits, (splits) => {
        const ranges = RangeIndex.fromSplits(HASH_KEY, splits).ranges(DATABASE)
        expect(ranges[0]?.from).toEqual(EVERYTHING.from)
        expect(ranges.at(-1)?.to).toEqual(EVERYTHING.to)
        ranges.forEach(({ from, to }, i) => {
          expect(compareBytes(from, to)).toBeLessThan(0)
          if (i > 0) expect(from).toEqual(ranges[i - 1]?.to)
        })
      }),
    )
  })

  it.each([
    ['below all keys', []],
    ['behind all keys', [255]],
    ['where the range begins', [5]],
    ['where the range ends', [9]],
    ['before the range', [4, 9]],
    ['behind the range', [9, 0]],
  ])('are not divided by a boundary %s, nor by what hangs from there', (_, boundary) => {
    const sound = [
      { path: [], boundary: Uint8Array.of(5) },
      { path: [1], boundary: Uint8Array.of(9) },
    ]
    const index = RangeIndex.fromSplits(HASH_KEY, [
      ...sound,
      { path: [1, 0], boundary: Uint8Array.from(boundary) },
      { path: [1, 0, 0], boundary: Uint8Array.of(6) },
    ])
    expect(index.ranges(DATABASE)).toEqual(RangeIndex.fromSplits(HASH_KEY, sound).ranges(DATABASE))
    expect(index.size).toBe(3)
  })

  it('may be a chain of 20,000', () => {
    const count = 20_000
    const boundaryAt = (depth: number) => Uint8Array.of(1 + (depth >> 16), (depth >> 8) & 255, depth & 255)
    function* chain(): Iterable<RangeSplit> {
      for (let depth = count - 1; depth >= 0; depth--) {
        yield { path: new Array<number>(depth).fill(1), boundary: boundaryAt(depth) }
      }
    }
    const index = RangeIndex.fromSplits(HASH_KEY, chain())
    const whole = encodeRangeIndex(index, 1)
    const ranges = decodeRangeIndex(whole).index.ranges(DATABASE)
    expect(ranges.length).toBe(count + 1)
    for (const depth of [0, 1, 2, 5, 1_000, 19_999]) {
      expect(ranges[depth]).toEqual({
        from: depth === 0 ? EVERYTHING.from : boundaryAt(depth - 1),
        to: boundaryAt(depth),
        partition: nameAt([...new Array<number>(depth).fill(1), 0]),
        depth: depth + 1,
      })
    }
    expect(ranges.at(-1)?.partition).toBe(`${nameAt([])}/1x20000`)
    // Of each boundary only what is new: a byte, and how many are old and new.
    expect(whole.length).toBeLessThan(3.3 * count)
  })
})
