import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { childIndex } from './partition-name.js'
import { PromotedFilter } from './promoted-filter.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const hashKeys = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => bytes(`customer-${from + i}`))

/** Of so many keys that are not in it, how many may be. */
function falsePositives(filter: PromotedFilter, others: readonly Uint8Array[]): number {
  return others.filter((key) => filter.mayHold(key)).length / others.length
}

describe('a filter of promoted hash keys', () => {
  it('says of none that is in it that it is not', () => {
    const keys = fc.uniqueArray(fc.uint8Array({ maxLength: 20 }), {
      maxLength: 300,
      selector: (key) => key.join(),
    })
    fc.assert(
      fc.property(keys, (keys) => {
        const filter = PromotedFilter.of(keys, keys.length)
        expect(keys.filter((key) => !filter.mayHold(key))).toEqual([])
        expect(filter.isEmpty).toBe(keys.length === 0)
      }),
    )
  })

  it('holds nothing when it is empty', () => {
    const filter = PromotedFilter.of([], 0)
    expect(filter.isEmpty).toBe(true)
    expect(falsePositives(filter, hashKeys(0, 10_000))).toBe(0)
  })

  // 64 and 30,345 are capacities: those filters are as full as they can be.
  it.each([64, 1_000, 30_345, 200_000])(
    'takes at most 1.2 % of 200,000 others for one of %d keys',
    (count) => {
      const filter = PromotedFilter.of(hashKeys(0, count), count)
      expect(falsePositives(filter, hashKeys(1_000_000, 200_000))).toBeLessThan(0.012)
    },
  )

  it('takes no more for promoted in a partition most of whose keys are', () => {
    // All of one hash partition four levels down, as hash keys there are: half of them promoted, half not.
    const alike = hashKeys(0, 2_000_000).filter((key) =>
      [16, 4, 4, 4].every((count, level) => childIndex(key, level, count) === 1),
    )
    const half = alike.length >> 1
    const filter = PromotedFilter.of(alike.slice(0, half), half)
    expect(half).toBeGreaterThan(900)
    expect(falsePositives(filter, alike.slice(half))).toBeLessThan(0.025)
  })

  it('depends on the set of keys alone', () => {
    const orders = fc
      .integer({ min: 0, max: 200 })
      .chain((count) =>
        fc.tuple(
          fc.constant(hashKeys(0, count)),
          fc.shuffledSubarray(hashKeys(0, count), { minLength: count }),
          fc.nat({ max: count }),
        ),
      )
    fc.assert(
      fc.property(orders, ([keys, shuffled, first]) => {
        const filter = PromotedFilter.of(keys, keys.length)
        const doubled = PromotedFilter.of([...shuffled, ...keys], keys.length)
        expect(doubled.capacity).toBe(filter.capacity)
        expect(doubled.bits).toEqual(filter.bits)
        // Also when they come one by one, and a larger filter is made whenever one is full.
        let grown = PromotedFilter.of(shuffled.slice(0, first), first)
        for (let i = first; i < keys.length; i++) {
          if (grown.add(shuffled[i] as Uint8Array)) continue
          grown = PromotedFilter.of(shuffled.slice(0, i + 1), i + 1)
        }
        expect(grown.capacity).toBe(filter.capacity)
        expect(grown.bits).toEqual(filter.bits)
      }),
    )
  })

  it('is as it was when it is full', () => {
    const filter = PromotedFilter.of(hashKeys(0, 64), 64)
    const before = filter.bits.slice()
    expect(filter.add(bytes('one more'))).toBe(false)
    expect(filter.bits).toEqual(before)
    const roomier = PromotedFilter.of(hashKeys(0, 65), 65)
    expect([filter.capacity, roomier.capacity]).toEqual([64, 67])
    expect(PromotedFilter.of([], 30_345).capacity).toBe(30_345)
    expect([roomier.add(bytes('66')), roomier.add(bytes('67')), roomier.add(bytes('68'))]).toEqual([
      true,
      true,
      false,
    ])
    expect(roomier.mayHold(bytes('67'))).toBe(true)
  })

  it('says that it is not empty once something was added', () => {
    const filter = PromotedFilter.of([], 0)
    expect(filter.add(bytes('one'))).toBe(true)
    expect(filter.isEmpty).toBe(false)
    expect(filter.mayHold(bytes('one'))).toBe(true)
  })

  it('becomes no larger beyond three million keys, and takes more all the same', () => {
    const filter = PromotedFilter.of([], 50_000_000)
    expect(filter.capacity).toBe(PromotedFilter.of([], 3_000_000).capacity)
    expect(filter.capacity).toBeGreaterThanOrEqual(3_000_000)
    expect(filter.memoryBytes).toBeLessThan(3_800_000)
    expect(filter.add(bytes('one'))).toBe(true)
    expect(filter.mayHold(bytes('one'))).toBe(true)
  })

  it('is at most four per cent larger than it need be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 65, max: 3_000_000 }), (count) => {
        const { capacity, bits } = PromotedFilter.of([], count)
        expect(capacity).toBeGreaterThanOrEqual(count)
        expect(capacity).toBeLessThanOrEqual(Math.ceil(count * 1.04))
        expect(bits.length).toBe(Math.ceil(capacity * 1.2))
      }),
      { numRuns: 40 },
    )
  })
})
