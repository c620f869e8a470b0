import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from './compare-bytes.js'
import {
  bytesUnder,
  type Interval,
  intersect,
  isEmpty,
  mergeIntervals,
  singleton,
  successor,
  tuplesUnder,
} from './interval.js'
import { encodeKey, encodeStringPrefix, type KeyPart } from './key-codec.js'

const holds = ({ from, to }: Interval, key: Uint8Array) =>
  compareBytes(from, key) <= 0 && compareBytes(key, to) < 0

const text = fc.string({
  unit: fc.constantFrom('\u0000', '\u0001', 'a', 'b', 'é', '\uffff', '😀'),
  maxLength: 4,
})
const bytes = fc.uint8Array({ maxLength: 3 })
const interval = fc.tuple(bytes, bytes).map(([from, to]): Interval => ({ from, to }))

describe('an interval', () => {
  it('of tuples under a prefix holds those that start with it, and no other', () => {
    const part: fc.Arbitrary<KeyPart> = fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean())
    fc.assert(
      fc.property(fc.array(part, { maxLength: 2 }), fc.array(part, { maxLength: 3 }), (prefix, tuple) => {
        const starts = prefix.every((value, i) => tuple[i] === value)
        expect(holds(tuplesUnder(encodeKey(prefix)), encodeKey(tuple))).toBe(starts)
      }),
      { numRuns: 5_000 },
    )
  })

  it('of a string prefix holds the strings that start with it, and no other', () => {
    fc.assert(
      fc.property(text, text, (prefix, candidate) => {
        const range = bytesUnder(encodeStringPrefix(encodeKey(['t']), prefix))
        expect(holds(range, encodeKey(['t', candidate]))).toBe(candidate.startsWith(prefix))
        expect(holds(range, encodeKey(['t', candidate, 7]))).toBe(candidate.startsWith(prefix))
        expect(holds(range, encodeKey(['t', 1]))).toBe(false)
      }),
      { numRuns: 5_000 },
    )
  })

  it('of one key holds that key alone', () => {
    fc.assert(
      fc.property(bytes, bytes, (key, other) => {
        expect(holds(singleton(key), other)).toBe(compareBytes(key, other) === 0)
      }),
    )
  })

  it('has no key between a key and its successor', () => {
    fc.assert(
      fc.property(bytes, bytes, (key, other) => {
        expect(compareBytes(key, other) < 0 && compareBytes(other, successor(key)) < 0).toBe(false)
      }),
    )
  })

  it('shares with another the keys that both hold', () => {
    fc.assert(
      fc.property(interval, interval, bytes, (left, right, key) => {
        expect(holds(intersect(left, right), key)).toBe(holds(left, key) && holds(right, key))
      }),
    )
  })
})

describe('merged intervals', () => {
  it('hold the same keys, each once, in order', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 6 }), bytes, (intervals, key) => {
        const merged = mergeIntervals(intervals)
        const holders = merged.filter((one) => holds(one, key))
        expect(holders.length).toBe(intervals.some((one) => holds(one, key)) ? 1 : 0)
        expect(merged.some(isEmpty)).toBe(false)
        for (let i = 1; i < merged.length; i++) {
          const [before, after] = [merged[i - 1] as Interval, merged[i] as Interval]
          expect(compareBytes(before.to, after.from)).toBeLessThan(0)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
