import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRangeIndex, encodeRangeIndex } from './encode-range-index.js'
import { RangeIndex } from './range-index.js'
import { SnapshotError, sealSnapshot } from './snapshot.js'
import { bytes, damaged, hex, isRefused } from './test-snapshots.js'

const text = (value: string) => new TextEncoder().encode(value)

function indexOf(hashKey: string, splits: readonly (readonly [number[], string])[]): RangeIndex {
  return RangeIndex.fromSplits(
    text(hashKey),
    splits.map(([path, boundary]) => ({ path, boundary: text(boundary) })),
  )
}

const index = indexOf('acme', [
  [[], 'post/5'],
  [[1], 'post/7'],
  [[0], 'like'],
  [[1, 1], 'user'],
])

describe('an index of ranges that is published', () => {
  // An envelope (see snapshot.test.ts), hash key, count, shape, boundaries. It can never change once there are some.
  it.each<[string, number, [number[], string][], string[], string]>([
    ['', 0, [], ['main/r/: -'], '666f6b73 0003 0001 0000000000000000 00000003 b9519c2377297354 000000'],
    [
      'acme',
      5,
      [[[], 'm']],
      ['main/r/YWNtZQ/0: -m', 'main/r/YWNtZQ/1: m-'],
      '666f6b73 0003 0001 0000000000000005 0000000a 774277f98c73b913 0461636d65010100016d',
    ],
    [
      'acme',
      300,
      [
        [[], 'post/5'],
        [[1], 'post/70'],
        [[0], 'like'],
        [[1, 1], 'post/71'],
      ],
      [
        'main/r/YWNtZQ/0.0: -like',
        'main/r/YWNtZQ/0.1: like-post/5',
        'main/r/YWNtZQ/1.0: post/5-post/70',
        'main/r/YWNtZQ/1.1.0: post/70-post/71',
        'main/r/YWNtZQ/1.1.1: post/71-',
      ],
      '666f6b73 0003 0001 000000000000012c 0000001d e72e4ff9c7ab33db 0461636d6504530000046c696b650006706f73742f3505023730060131',
    ],
  ])('of %j, version %d, split at %j, is these bytes', (hashKey, version, splits, ranges, whole) => {
    expect(hex(encodeRangeIndex(indexOf(hashKey, splits), version))).toBe(hex(bytes(whole)))
    const read = decodeRangeIndex(bytes(whole))
    expect(read.version).toBe(version)
    expect(read.index.hashKey).toEqual(text(hashKey))
    const asText = (bound: Uint8Array) => (bound[0] === 255 ? '' : new TextDecoder().decode(bound))
    expect(
      read.index
        .ranges('main')
        .map(({ partition, from, to }) => `${partition}: ${asText(from)}-${asText(to)}`),
    ).toEqual(ranges)
  })

  it('keeps what it says when what was read is overwritten', () => {
    const whole = encodeRangeIndex(index, 1)
    const read = decodeRangeIndex(whole)
    whole.fill(0)
    expect(read.index.ranges('main')).toEqual(index.ranges('main'))
  })

  it('is refused with any byte changed, cut off anywhere, and with anything behind it', () => {
    for (const bytes of damaged(encodeRangeIndex(index, 9)))
      expect(isRefused(decodeRangeIndex, bytes)).toBe(true)
  })

  it.each([
    ['nothing at all', ''],
    ['a hash key that is cut off', '02 61'],
    ['no shape', '01 61 01'],
    ['a boundary that is missing', '01 61 01 01'],
    ['a boundary too many', '01 61 00 00 00 01 62'],
    ['a boundary that is cut off', '01 61 01 01 00 02 62'],
    ['a boundary that shares what there is not', '01 61 01 01 01 01 62'],
    ['a boundary that shares more than it says', '01 61 02 03 00 01 62 00 02 62 63'],
    ['a boundary below all keys', '01 61 01 01 00 00'],
    ['a boundary behind all keys', '01 61 01 01 00 01 ff'],
    ['boundaries that fall', '01 61 02 03 00 01 62 00 01 61'],
    ['a boundary twice', '01 61 02 03 00 01 62 01 00'],
    ['a boundary that is cut from the one before', '01 61 02 03 00 02 62 62 01 00'],
    ['a shape that splits too often', '01 61 01 03 00 01 62'],
    ['a shape that splits too seldom', '01 61 01 00 00 01 62'],
    ['a shape that ends and goes on', '01 61 01 02 00 01 62'],
    ['a bit behind the shape', '01 61 01 09 00 01 62'],
    ['more boundaries than there can be', '01 61 ffffffff0f 01 00 01 62'],
  ])('is refused with %s, also where the checksum is right', (_, body) => {
    expect(() => decodeRangeIndex(sealSnapshot('range', 1, bytes(body)))).toThrow(SnapshotError)
  })

  it('is what was written, or refused, whatever is in it', () => {
    const few = fc.nat({ max: 3 })
    const boundary = fc
      .tuple(fc.nat({ max: 2 }), few, fc.array(few, { maxLength: 3 }))
      .map(([shared, length, rest]) => [shared, length === 3 ? length : rest.length, ...rest])
    const body = fc
      .tuple(few, fc.nat({ max: 15 }), fc.array(boundary, { maxLength: 3 }))
      .map(([more, shape, boundaries]) => {
        const count = more === 3 ? 2 : boundaries.length
        return Uint8Array.of(1, 0x61, count, shape, ...boundaries.flat())
      })
    let read = 0
    fc.assert(
      fc.property(body, (body) => {
        const sealed = sealSnapshot('range', 3, body)
        if (isRefused(decodeRangeIndex, sealed)) return
        read++
        expect(hex(encodeRangeIndex(decodeRangeIndex(sealed).index, 3))).toBe(hex(sealed))
      }),
      { numRuns: 50_000 },
    )
    expect(read).toBeGreaterThan(100)
  })
})
