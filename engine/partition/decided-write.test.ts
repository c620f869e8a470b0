import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeDecided, encodeDecided } from './decided-write.js'
import { packKeys } from './packed-keys.js'

describe('a decided write as a text', () => {
  it('is the same again', () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    const keys = fc.array(fc.record({ hashKey: bytes, sortKey: bytes }), { maxLength: 4 }).map(packKeys)
    const at = fc.double({ noNaN: true })
    const version = fc.option(fc.maxSafeNat(), { nil: undefined })
    fc.assert(
      fc.property(fc.record({ at, version, keys }), (decided) => {
        expect(decodeDecided(encodeDecided(decided))).toEqual(decided)
      }),
    )
  })
})
