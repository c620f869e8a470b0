import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeForest, encodeForest } from './encode-forest.js'
import { Forest, type TreeShape } from './forest.js'
import { SnapshotError, sealSnapshot } from './snapshot.js'
import { bytes, damaged, hex, isRefused } from './test-snapshots.js'

/** The paths of all that have split. */
function splitsOf(forest: Forest): number[][] {
  const partitions = Array.from({ length: forest.roots }, (_, root) => [root])
  for (const path of partitions) {
    if (!forest.hasSplit(path)) continue
    for (let child = 0; child < forest.fanout; child++) partitions.push([...path, child])
  }
  return partitions.filter((path) => forest.hasSplit(path))
}

const forest = Forest.fromSplits({ roots: 3, fanout: 2 }, [[1], [1, 0], [2], [2, 1], [2, 1, 1]])

describe('a forest that is published', () => {
  // An envelope (see snapshot.test.ts), roots, fan-out, how many partitions, and the bits. It can never change once there
  // are some.
  it.each<[TreeShape, number[][], number, string]>([
    [
      { roots: 1, fanout: 2 },
      [],
      0,
      '666f6b73 0001 0001 0000000000000000 00000004 53e1eda1efd8ab3d 01020100',
    ],
    [
      { roots: 3, fanout: 2 },
      [[1], [1, 0]],
      5,
      '666f6b73 0001 0001 0000000000000005 00000004 cd7e75066558ba59 0302070a',
    ],
    [
      { roots: 8, fanout: 4 },
      [[0], [7], [0, 3], [7, 0], [7, 0, 1]],
      300,
      '666f6b73 0001 0001 000000000000012c 00000007 fbce05dc4d1bf50b 08041c81182000',
    ],
    [
      { roots: 4_096, fanout: 64 },
      [[4_095]],
      Number.MAX_SAFE_INTEGER,
      '666f6b73 0001 0001 001fffffffffffff 0000020d 3c3ab82d67084902 802040c020 00*511 80 00*8',
    ],
  ])('%j split at %j, version %d, is these bytes', (shape, splits, version, whole) => {
    expect(hex(encodeForest(Forest.fromSplits(shape, splits), version))).toBe(hex(bytes(whole)))
    const read = decodeForest(bytes(whole))
    expect(read.version).toBe(version)
    expect({ roots: read.forest.roots, fanout: read.forest.fanout }).toEqual(shape)
    expect(splitsOf(read.forest)).toEqual(splits)
  })

  it('is refused with any byte changed, cut off anywhere, and with anything behind it', () => {
    for (const bytes of damaged(encodeForest(forest, 9))) expect(isRefused(decodeForest, bytes)).toBe(true)
  })

  it.each([
    ['no roots', '00 02 00'],
    ['no roots, but partitions', '00 02 01 00'],
    ['too many roots', `8120 02 8120 ${'00'.repeat(513)}`],
    ['a fan-out of one', '01 01 01 00'],
    ['a fan-out that is too large', '01 41 01 00'],
    ['no fan-out', '01'],
    ['no partitions', '01 02'],
    ['no bits', '01 02 01'],
    ['a byte of bits too many', '01 02 01 00 00'],
    ['a byte of bits too few', '03 02 09 3f'],
    ['a bit behind the last partition', '03 02 03 08'],
    ['more partitions than anybody has split into', '03 02 04 00'],
    ['fewer partitions than roots', '03 02 02 00'],
    ['more partitions than there can be', '01 02 ffffffff0f 00'],
    ['a child before its parent', '01 02 03 02'],
    ['a partition that hangs from nobody', '01 02 05 09'],
    ['a partition that hangs from itself', '01 03 04 02'],
    ['a number longer than need be', '8100 02 01 00'],
  ])('is refused with %s, also where the checksum is right', (_, body) => {
    expect(() => decodeForest(sealSnapshot('forest', 1, bytes(body)))).toThrow(SnapshotError)
  })

  it('is what was written, or refused, whatever the bits', () => {
    const number = fc.integer({ min: 0, max: 9 })
    const body = fc
      .tuple(number, number, fc.nat({ max: 19 }), fc.array(fc.nat({ max: 31 }), { maxLength: 3 }))
      .map(([roots, fanout, more, bits]) => {
        const ones = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
        // Mostly as many partitions as have been split into, and sometimes any number.
        const partitions = more < 5 ? 8 * bits.length - more : roots + fanout * ones
        return Uint8Array.of(roots, fanout, Math.max(0, partitions), ...bits)
      })
    let read = 0
    fc.assert(
      fc.property(body, (body) => {
        const sealed = sealSnapshot('forest', 3, body)
        if (isRefused(decodeForest, sealed)) return
        read++
        const { forest } = decodeForest(sealed)
        expect(hex(encodeForest(forest, 3))).toBe(hex(sealed))
        expect(hex(encodeForest(Forest.fromSplits(forest, splitsOf(forest)), 3))).toBe(hex(sealed))
      }),
      { numRuns: 20_000 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it('takes a bit for each partition', () => {
    const splits = Array.from({ length: 1_000 }, (_, root) => [root])
    expect(encodeForest(Forest.fromSplits({ roots: 4_000, fanout: 4 }, splits), 1).length).toBe(
      1_000 + 28 + 5,
    )
  })
})
