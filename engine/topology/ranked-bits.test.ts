import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RankedBits } from './ranked-bits.js'

const someBits = fc.oneof(
  fc.array(fc.boolean(), { maxLength: 200 }),
  // Whole words of the same, with something at their bounds.
  fc
    .array(fc.tuple(fc.boolean(), fc.constantFrom(1, 31, 32, 33, 64)), { maxLength: 5 })
    .map((runs) => runs.flatMap(([bit, count]) => new Array<boolean>(count).fill(bit))),
)

function rankedBits(bits: readonly boolean[]): RankedBits {
  const words = RankedBits.wordsFor(bits.length)
  bits.forEach((bit, i) => {
    if (bit) words[i >>> 5] = (words[i >>> 5] as number) | (1 << (i & 31))
  })
  return new RankedBits(words, bits.length)
}

function listOf(bits: RankedBits): boolean[] {
  return Array.from({ length: bits.length }, (_, i) => bits.has(i))
}

describe('bits with ranks', () => {
  it('know each bit, and how many ones are before it', () => {
    fc.assert(
      fc.property(someBits, (bits) => {
        const ranked = rankedBits(bits)
        expect(listOf(ranked)).toEqual(bits)
        expect(ranked.ones).toBe(bits.filter(Boolean).length)
        let ones = 0
        bits.forEach((bit, i) => {
          expect(ranked.rank(i)).toBe(ones)
          if (bit) ones++
        })
        expect(ranked.has(bits.length)).toBe(false)
        expect(ranked.has(bits.length + 1_000)).toBe(false)
      }),
    )
  })

  it('are read as they were written', () => {
    fc.assert(
      fc.property(someBits, (bits) => {
        const bytes = rankedBits(bits).toBytes()
        expect(bytes.length).toBe(Math.ceil(bits.length / 8))
        const read = RankedBits.fromBytes(bytes, bits.length) as RankedBits
        expect(listOf(read)).toEqual(bits)
        expect(read.ones).toBe(bits.filter(Boolean).length)
      }),
    )
  })

  it('are not read from too few bytes, too many, or where a one is behind the last', () => {
    fc.assert(
      fc.property(someBits, fc.nat({ max: 250 }), (bits, length) => {
        const read = RankedBits.fromBytes(rankedBits(bits).toBytes(), length)
        const isPossible =
          Math.ceil(length / 8) === Math.ceil(bits.length / 8) && !bits.slice(length).includes(true)
        const expected = Array.from({ length }, (_, i) => bits[i] ?? false)
        expect(read && listOf(read)).toEqual(isPossible ? expected : undefined)
      }),
      { numRuns: 500 },
    )
    for (const length of [1, 7, 31, 33, 63]) {
      const bytes = rankedBits(new Array<boolean>(length + 1).fill(true)).toBytes()
      expect(RankedBits.fromBytes(bytes, length)).toBeUndefined()
      expect(RankedBits.fromBytes(bytes, length + 1)?.ones).toBe(length + 1)
    }
  })

  it('take zeros in between, and become one at a place before those', () => {
    fc.assert(
      fc.property(
        someBits.filter((bits) => bits.length > 0),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 70 }),
        (bits, some, other, zeros) => {
          const at = 1 + (some % bits.length)
          const one = other % at
          const grown = rankedBits(bits).insertZeros(one, at, zeros)
          const expected = bits.with(one, true).toSpliced(at, 0, ...new Array<boolean>(zeros).fill(false))
          expect(listOf(grown)).toEqual(expected)
          expect(grown.ones).toBe(expected.filter(Boolean).length)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
