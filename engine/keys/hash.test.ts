import { describe, expect, it } from 'vitest'
import { hashBytes } from './hash.js'

const text = (value: string) => new TextEncoder().encode(value)

describe('the hash', () => {
  // Vectors of MurmurHash3_x86_32, as its ports agree on them.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
  ])('of %j with seed %i is MurmurHash3', (value, seed, expected) => {
    expect(hashBytes(text(value), seed)).toBe(expected)
  })

  it('spreads keys evenly, and each level anew', () => {
    const roots = 16
    const counts = new Array<number>(roots).fill(0)
    const together = new Array<number>(roots).fill(0)
    for (let i = 0; i < 16_000; i++) {
      const key = text(`customer-${i}`)
      const root = hashBytes(key, 0) % roots
      counts[root] = (counts[root] as number) + 1
      if (root === 3) {
        const child = hashBytes(key, 1) % roots
        together[child] = (together[child] as number) + 1
      }
    }
    // 1,000 and 62 are expected; five standard deviations are 155 and 38.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(155)
    for (const count of together) expect(Math.abs(count - 62)).toBeLessThan(39)
  })
})
