import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFilter, encodeFilter } from './encode-filter.js'
import { PromotedFilter } from './promoted-filter.js'
import { SnapshotError, sealSnapshot } from './snapshot.js'
import { bytes, damaged, hex, isRefused } from './test-snapshots.js'

const keys = (...texts: string[]) => texts.map((text) => new TextEncoder().encode(text))

describe('a filter that is published', () => {
  // An envelope (see snapshot.test.ts), the capacity, and the bits. It can never change once there are some.
  it.each<[string[], number, string]>([
    [[], 0, '666f6b73 0002 0001 0000000000000000 0000004e 9592c17dd777ab58 40 00*77'],
    [
      ['acme'],
      5,
      '666f6b73 0002 0001 0000000000000005 0000004e 0e5165ab20df04e2 40000001 00*10 04 00*4 04 00*9 20 00*18 80 00*13 40 00*10 40 00*4',
    ],
    [
      ['acme', 'a much longer hash key', ''],
      300,
      '666f6b73 0002 0001 000000000000012c 0000004e 86bb0b4b3c34eeab 400020830000200001 00*5 04 00*4 04 00*5 040000002004 00*4 80 00*12 80 00*5 04000010000004024001000080 00*6 40 00*4',
    ],
  ])('of %j, version %d, is these bytes', (texts, version, whole) => {
    const filter = PromotedFilter.of(keys(...texts), texts.length)
    expect(hex(encodeFilter(filter, version))).toBe(hex(bytes(whole)))
    const read = decodeFilter(bytes(whole))
    expect(read.version).toBe(version)
    expect(read.filter.capacity).toBe(filter.capacity)
    expect(read.filter.bits).toEqual(filter.bits)
    expect(read.filter.isEmpty).toBe(texts.length === 0)
    expect(keys(...texts).every((key) => read.filter.mayHold(key))).toBe(true)
    expect(read.filter.mayHold(keys('nobody')[0] as Uint8Array)).toBe(false)
  })

  it('keeps what it holds when what was read is overwritten, and takes nothing more', () => {
    const whole = encodeFilter(PromotedFilter.of(keys('acme'), 1), 1)
    const { filter } = decodeFilter(whole)
    whole.fill(0)
    expect(filter.mayHold(keys('acme')[0] as Uint8Array)).toBe(true)
    expect(filter.add(keys('other')[0] as Uint8Array)).toBe(false)
  })

  it('is refused with any byte changed, cut off anywhere, and with anything behind it', () => {
    for (const bytes of damaged(encodeFilter(PromotedFilter.of(keys('acme', 'other'), 2), 9)))
      expect(isRefused(decodeFilter, bytes)).toBe(true)
  })

  it.each([
    ['no capacity', ''],
    ['a capacity that is none', `41 ${'00'.repeat(78)}`],
    ['a capacity of none', '00'],
    ['a capacity that is too large', '8080808001'],
    ['a byte too many', `40 ${'00'.repeat(78)}`],
    ['a byte too few', `40 ${'00'.repeat(76)}`],
    ['a number longer than need be', `c000 ${'00'.repeat(77)}`],
  ])('is refused with %s, also where the checksum is right', (_, body) => {
    expect(() => decodeFilter(sealSnapshot('promoted', 1, bytes(body)))).toThrow(SnapshotError)
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { maxLength: 200 }), fc.maxSafeNat(), (keys, version) => {
        const filter = PromotedFilter.of(keys, keys.length)
        const read = decodeFilter(encodeFilter(filter, version))
        expect(read.version).toBe(version)
        expect(read.filter.capacity).toBe(filter.capacity)
        expect(read.filter.bits).toEqual(filter.bits)
      }),
    )
  })
})
