import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot, SnapshotError, type SnapshotKind, sealSnapshot } from './snapshot.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** Nobody looks at the stacks of millions of refusals. */
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

function isRefused(damaged: Uint8Array, kind: SnapshotKind = 'forest'): boolean {
  try {
    openSnapshot(kind, damaged)
    return false
  } catch (error) {
    if (error instanceof SnapshotError) return true
    throw error
  }
}

describe('a snapshot', () => {
  // Magic, kind, format, version, length; checksums; body. It can never change once there are some.
  it.each<[SnapshotKind, number, string, string]>([
    ['forest', 0, '', '666f6b73 0001 0001 0000000000000000 00000000 f299b9b0331f52cd'],
    ['promoted', 1, '2a', '666f6b73 0002 0001 0000000000000001 00000001 b1d2a2ce6907fe05 2a'],
    [
      'range',
      4_294_967_299,
      '0102030405',
      '666f6b73 0003 0001 0000000100000003 00000005 7ed8f720e1ee0c21 0102030405',
    ],
    [
      'forest',
      Number.MAX_SAFE_INTEGER,
      'ffffffff',
      '666f6b73 0001 0001 001fffffffffffff 00000004 b36d9ec826752640 ffffffff',
    ],
  ])('of the kind %s, version %d and body %j is these bytes', (kind, version, body, whole) => {
    expect(hex(sealSnapshot(kind, version, bytes(body)))).toBe(whole.replaceAll(' ', ''))
    expect(openSnapshot(kind, bytes(whole))).toEqual({ version, body: bytes(body) })
  })

  it('gives back what was put in, wherever in a buffer it lies', () => {
    const kind = fc.constantFrom<SnapshotKind>('forest', 'promoted', 'range')
    fc.assert(
      fc.property(kind, fc.maxSafeNat(), fc.uint8Array(), fc.nat({ max: 9 }), (kind, version, body, at) => {
        const sealed = sealSnapshot(kind, version, body)
        const buffer = new Uint8Array(at + sealed.length + 3)
        buffer.set(sealed, at)
        expect(openSnapshot(kind, buffer.subarray(at, at + sealed.length))).toEqual({ version, body })
      }),
    )
  })

  it('is refused as one of another kind, or of a format to come', () => {
    const sealed = sealSnapshot('forest', 7, bytes('0102'))
    expect(() => openSnapshot('promoted', sealed)).toThrow(/kind promoted/)
    const newer = sealed.slice()
    newer[7] = 2
    expect(() => openSnapshot('forest', newer)).toThrow(/format 2/)
  })

  it('is refused with a version that is no exact number, also when its checksum is right', () => {
    // The head is guarded with the body: what is sealed here is what a version of 2^53 would be sealed to.
    const isSafeInteger = Number.isSafeInteger
    Number.isSafeInteger = () => true
    const sealed = sealSnapshot('forest', 2 ** 53, bytes('01'))
    Number.isSafeInteger = isSafeInteger
    expect(() => openSnapshot('forest', sealed)).toThrow(/version/)
  })

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('has no version %d', (version) => {
    expect(() => sealSnapshot('forest', version, bytes(''))).toThrow()
  })

  it('is refused cut off anywhere, and with anything behind it', () => {
    const sealed = sealSnapshot('forest', 7, bytes('00010203040506070809'))
    for (let length = 0; length < sealed.length; length++) {
      expect(isRefused(sealed.subarray(0, length))).toBe(true)
    }
    for (const more of ['00', 'ff', '00000000', hex(sealed)]) {
      expect(isRefused(Uint8Array.of(...sealed, ...bytes(more)))).toBe(true)
    }
  })

  it('is refused with any one byte changed', () => {
    const sealed = sealSnapshot('forest', 7, bytes('0001020304050607080900'))
    for (let at = 0; at < sealed.length; at++) {
      for (let flip = 1; flip < 256; flip++) {
        const damaged = sealed.slice()
        damaged[at] = (sealed[at] as number) ^ flip
        if (!isRefused(damaged)) expect.fail(`byte ${at}, changed by ${flip}`)
      }
    }
  })

  it('is refused with any two bytes changed that are in one word', () => {
    const damaged = sealSnapshot('forest', 7, bytes('00010203 ffffffff 0000'))
    for (const [one, other] of [...pairs(8, 12), ...pairs(20, 24), ...pairs(28, 32), ...pairs(36, 38)]) {
      const was = [damaged[one], damaged[other]] as [number, number]
      for (let flips = 0; flips < 65_536; flips++) {
        damaged[one] = was[0] ^ (flips & 255)
        damaged[other] = was[1] ^ (flips >>> 8)
        if (isRefused(damaged) !== flips > 0) expect.fail(`bytes ${one} and ${other}, changed by ${flips}`)
      }
      damaged[one] = was[0]
      damaged[other] = was[1]
    }
  })

  it('is refused with any damage', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), damage, (body, damage) => {
        const sealed = sealSnapshot('forest', 7, body)
        const damaged = sealed.slice()
        for (const [at, flip] of damage) {
          const index = at % damaged.length
          damaged[index] = (damaged[index] as number) ^ flip
        }
        expect(isRefused(damaged)).toBe(hex(damaged) !== hex(sealed))
      }),
      { numRuns: 5_000 },
    )
  })
})

/** All pairs of places from the first up to, not including, the end. */
function pairs(first: number, end: number): [number, number][] {
  const found: [number, number][] = []
  for (let one = first; one < end; one++) {
    for (let other = one + 1; other < end; other++) found.push([one, other])
  }
  return found
}
