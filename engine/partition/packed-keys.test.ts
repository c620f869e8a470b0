import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packKeys, unpackKeys } from './packed-keys.js'

const bytes = fc.uint8Array({ maxLength: 400 })

describe('keys in one text', () => {
  it('are the same again', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ hashKey: bytes, sortKey: bytes }), { maxLength: 5 }), (keys) => {
        expect([...unpackKeys(packKeys(keys))]).toEqual(keys)
      }),
    )
  })

  it('may be far longer than any that is stored', () => {
    const keys = [{ hashKey: new Uint8Array(300_000).fill(7), sortKey: Uint8Array.of(1, 255) }]
    expect([...unpackKeys(packKeys(keys))]).toEqual(keys)
  })
})
