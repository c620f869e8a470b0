import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../keys/compare-bytes.js'
import { encodeKey, type KeyPart } from '../keys/key-codec.js'
import { compareValues, equalValues, identicalValues } from './compare-values.js'
import type { Value } from './value.js'

describe('comparing values', () => {
  it('of one type agrees with the order of keys', () => {
    const pair = <T extends KeyPart>(one: fc.Arbitrary<T>) =>
      fc.tuple(one, one) as fc.Arbitrary<[KeyPart, KeyPart]>
    const pairs = fc.oneof(
      pair(fc.string({ unit: 'binary' })),
      pair(fc.string({ unit: fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '😀', '😁') })),
      pair(fc.double({ noNaN: true, noDefaultInfinity: true })),
      pair(fc.bigInt()),
      pair(fc.boolean()),
      pair(fc.date({ noInvalidDate: true })),
      pair(fc.uint8Array({ maxLength: 4 })),
    )
    fc.assert(
      fc.property(pairs, ([left, right]) => {
        const byKey = compareBytes(encodeKey([left]), encodeKey([right]))
        expect(Math.sign(compareValues(left, right) as number)).toBe(Math.sign(byKey))
        expect(equalValues(left, right)).toBe(byKey === 0)
      }),
      { numRuns: 5_000 },
    )
  })

  it.each<[Value, Value, number]>([
    [1, 2n, -1],
    [2n, 2, 0],
    [2n ** 53n + 1n, 2 ** 53, 1],
    [1.5, 1n, 1],
    [false, true, -1],
  ])('puts %o and %o in order', (left, right, order) => {
    expect(Math.sign(compareValues(left, right) as number)).toBe(order)
    expect(Math.sign(compareValues(right, left) as number)).toBe(-order + 0)
  })

  it.each<[Value, Value]>([
    [null, 1],
    [null, null],
    [1, '1'],
    [true, 1],
    [new Date(0), 0],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Number.NaN, 1],
    [{ a: 1 }, { a: 1 }],
    [[1], [2]],
  ])('finds no order between %o and %o', (left, right) => {
    expect(compareValues(left, right)).toBeNull()
    expect(compareValues(right, left)).toBeNull()
  })

  it.each<[Value, Value, boolean | null]>([
    [1, 1n, true],
    ['1', 1, false],
    [true, 1, false],
    [new Date(5), new Date(5), true],
    [new Date(5), 5, false],
    [Uint8Array.of(1), Uint8Array.of(1), true],
    [Uint8Array.of(1), [1], false],
    [[1, [2]], [1, [2]], true],
    [[1, 2], [2, 1], false],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [{ a: null }, { a: null }, true],
    [
      new Map<Value, Value>([
        ['a', 1],
        ['b', [2]],
      ]),
      new Map<Value, Value>([
        ['b', [2]],
        ['a', 1],
      ]),
      true,
    ],
    [new Map([['a', 1]]), new Map([['a', 2]]), false],
    [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]]), true],
    [new Set([1, 'a']), new Set(['a', 1]), true],
    [new Set([[1]]), new Set([[2]]), false],
    [new Set([1]), [1], false],
    [Number.NaN, Number.NaN, true],
    [0, -0, true],
    [null, null, null],
    [null, 1, null],
    [undefined, 1, null],
  ])('says whether %o equals %o: %o', (left, right, equal) => {
    expect(equalValues(left, right)).toBe(equal)
    expect(equalValues(right, left)).toBe(equal)
  })

  it('takes nulls for identical when asked to', () => {
    expect(identicalValues(null, null)).toBe(true)
    expect(identicalValues(undefined, null)).toBe(true)
    expect(identicalValues(null, undefined)).toBe(true)
    expect(identicalValues(null, 0)).toBe(false)
    expect(identicalValues('', null)).toBe(false)
  })
})
