import fc from 'fast-check'
import { pack } from 'fdb-tuple'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError } from '../errors.js'
import { compareBytes } from './compare-bytes.js'
import { decodeKey, encodeKey, encodeStringPrefix, type KeyPart, whyNotAKeyPart } from './key-codec.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The format, to be read in both directions. Where FoundationDB publishes a vector, it is that one. */
const FORMAT: readonly (readonly [KeyPart[], string])[] = [
  [[], ''],
  [[''], '0200'],
  [['hello'], '0268656c6c6f00'],
  [['FÔO\u0000bar'], '0246c3944f00ff62617200'],
  [['😀'], '02f09f988000'],
  [[new Uint8Array([])], '0100'],
  [[Uint8Array.from([0x66, 0x6f, 0x6f, 0x00, 0x62, 0x61, 0x72])], '01666f6f00ff62617200'],
  [[0n], '14'],
  [[1n], '1501'],
  [[-1n], '13fe'],
  [[255n], '15ff'],
  [[256n], '160100'],
  [[-255n], '1300'],
  [[-5551212n], '11ab4b93'],
  [[2n ** 64n - 1n], '1cffffffffffffffff'],
  [[2n ** 64n], '1d09010000000000000000'],
  [[-(2n ** 64n)], '0bf6feffffffffffffffff'],
  [[0], '218000000000000000'],
  [[42], '21c045000000000000'],
  [[-42], '213fbaffffffffffff'],
  [[1e300], '21fe37e43c8800759c'],
  [[false], '26'],
  [[true], '27'],
  [[new Date(0)], '408000000000000000'],
  [[new Date('2001-01-01T00:00:00Z')], '40c26c78f4e6800000'],
  [['flights', new Date(0), 'LAX'], '02666c69676874730040800000000000000002' + '4c415800'],
]

const part: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\u0000', '\u0001', 'a', 'é', '\ud7ff', '\ue000', '\uffff', '😀') }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ max: 255 }),
)

const TYPES = ['bytes', 'string', 'bigint', 'number', 'boolean', 'date']
function typeOf(value: KeyPart): number {
  const name = value instanceof Date ? 'date' : value instanceof Uint8Array ? 'bytes' : typeof value
  return TYPES.indexOf(name)
}

/** The order that is promised, said a second time in another way. */
function comparePart(left: KeyPart, right: KeyPart): number {
  if (typeOf(left) !== typeOf(right)) return typeOf(left) - typeOf(right)
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(right as string))
  if (left instanceof Uint8Array) return Buffer.compare(left, right as Uint8Array)
  return left < right ? -1 : left > right ? 1 : 0
}

function compareTuples(left: readonly KeyPart[], right: readonly KeyPart[]): number {
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = comparePart(left[i] as KeyPart, right[i] as KeyPart)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** `-0` is the one part that does not come back as it went in: it is the key 0. */
const withoutMinusZero = (tuple: readonly KeyPart[]) =>
  tuple.map((value) => (Object.is(value, -0) ? 0 : value))

describe('a key', () => {
  it.each(FORMAT.map(([tuple, bytes]) => ({ tuple, bytes })))(
    '$tuple is $bytes, written and read',
    ({ tuple, bytes }) => {
      expect(hex(encodeKey(tuple))).toBe(bytes)
      expect(decodeKey(Buffer.from(bytes, 'hex'))).toEqual(tuple)
    },
  )

  it('comes back as it went in', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (tuple) => {
        expect(decodeKey(encodeKey(tuple))).toEqual(withoutMinusZero(tuple))
      }),
      { numRuns: 2_000 },
    )
  })

  it('sorts as its values do', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }), (left, right) => {
        const byBytes = compareBytes(encodeKey(left), encodeKey(right))
        expect(Math.sign(byBytes)).toBe(Math.sign(compareTuples(left, right)))
      }),
      { numRuns: 5_000 },
    )
  })

  it('sorts as its values do when they differ little', () => {
    const near = fc.tuple(part, fc.constantFrom(0, 1, -1)).map(([value, step]): [KeyPart, KeyPart] => {
      if (typeof value === 'string') return [value, value + ['', '\u0000', '\u0001'][step + 1]]
      if (typeof value === 'number') return [value, value + step]
      if (typeof value === 'bigint') return [value, value + BigInt(step)]
      return [value, value]
    })
    fc.assert(
      fc.property(near, ([left, right]) => {
        const byBytes = compareBytes(encodeKey([left, 'z']), encodeKey([right, 'z']))
        expect(Math.sign(byBytes)).toBe(Math.sign(comparePart(left, right)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('is what FoundationDB writes, for strings, bytes, booleans, bigints and doubles', () => {
    const shared = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    )
    fc.assert(
      fc.property(fc.array(shared, { maxLength: 4 }), (tuple) => {
        const theirs = tuple.map((value) => {
          if (typeof value === 'number') return { type: 'double', value }
          return value instanceof Uint8Array ? Buffer.from(value) : value
        })
        expect(hex(encodeKey(tuple))).toBe(hex(pack(theirs as never) as Buffer))
      }),
      { numRuns: 1_000 },
    )
  })

  it('of one string is a prefix of no other', () => {
    const [short, long] = [encodeKey(['a']), encodeKey(['a\u0000b'])]
    expect(hex(long).startsWith(hex(short))).toBe(true)
    // What follows the shorter one is below the escape that follows in the longer one.
    expect(compareBytes(encodeKey(['a', true]), long)).toBeLessThan(0)
  })

  it('begins with the encoding of its string prefix', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (prefix, rest) => {
        const begin = encodeStringPrefix(encodeKey([1]), prefix)
        const whole = encodeKey([1, prefix + rest])
        expect(hex(whole).startsWith(hex(begin))).toBe(true)
      }),
    )
  })

  it.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [new Date(Number.NaN), 'invalid date'],
    ['\ud800', 'lone surrogate'],
    [null, 'null'],
    [undefined, 'it is missing'],
    [{}, 'object'],
    [[1], 'object or array'],
    [2n ** 2040n, '255 bytes'],
    [-(2n ** 2040n), '255 bytes'],
    [() => 1, 'function'],
    [Symbol('s'), 'symbol'],
  ])('never holds %o', (value, reason) => {
    expect(whyNotAKeyPart(value)).toContain(reason)
    expect(() => encodeKey([value as KeyPart])).toThrow(InvalidKeyError)
  })

  it('holds bigints of up to 255 bytes', () => {
    const largest = 2n ** 2040n - 1n
    expect(decodeKey(encodeKey([largest, -largest]))).toEqual([largest, -largest])
  })

  it.each(['02', '0261', '21', '2180', '1d', '16', '99', '00', '41'])('is not read from %s', (bytes) => {
    expect(() => decodeKey(Buffer.from(bytes, 'hex'))).toThrow(InvalidKeyError)
  })
})
