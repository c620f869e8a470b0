import { describe, expect, it } from 'vitest'
import { LimitError } from '../errors.js'
import type { KeySet } from '../operations.js'
import { TokenMemory } from './token-memory.js'

const HASH_KEY = Uint8Array.of(1)
const ALL: KeySet = { kind: 'hashKey', hashKey: HASH_KEY }
const KEYS = [{ hashKey: HASH_KEY, sortKey: Uint8Array.of(1) }]
const RESULT = { changes: [{ made: true, version: 7 }] } as const
/** When all of it happens, by clocks that are right. */
const NOW = 1_800_000_000_000
const LEAP = 110_000

/** Whether a write that was born when the memory began, and is not in it, is taken for one that never came. */
function believesToKnow(
  source: TokenMemory,
  { source: sourceClock, target: targetClock }: { source: number; target: number },
): boolean {
  const target = new TokenMemory(Number.NEGATIVE_INFINITY)
  target.takeOver(source.ofSet(ALL, sourceClock), targetClock)
  return target.knowsSince(NOW, targetClock + 1_000)
}

describe('what is known of writes', () => {
  it('goes with their keys', () => {
    const source = new TokenMemory(NOW)
    source.remember(1, RESULT, KEYS, NOW + 1_000)
    source.remember(2, RESULT, [{ ...KEYS[0], hashKey: Uint8Array.of(2) } as (typeof KEYS)[0]], NOW + 1_000)
    const target = new TokenMemory(Number.NEGATIVE_INFINITY)
    target.takeOver(source.ofSet(ALL, NOW + 2_000), NOW + 2_000)
    expect(target.recall(1)?.()).toEqual(RESULT)
    expect(target.recall(2)).toBeUndefined()
  })

  it('does not reach further back where the keys have gone', () => {
    expect(believesToKnow(new TokenMemory(NOW), { source: NOW + 2_000, target: NOW + 2_000 })).toBe(false)
    const older = new TokenMemory(NOW - 100_000)
    expect(believesToKnow(older, { source: NOW + 2_000, target: NOW + 2_000 })).toBe(true)
  })

  it('does not reach further back because the clock of whoever had the keys leapt', () => {
    const clocks = { source: NOW + 2_000 + LEAP, target: NOW + 2_000 }
    expect(believesToKnow(new TokenMemory(NOW), clocks)).toBe(false)
    // What was decided before the leap seems older than what moves.
    const older = new TokenMemory(NOW - 2 * LEAP)
    older.remember(1, RESULT, KEYS, NOW + 1_000)
    expect(believesToKnow(older, clocks)).toBe(false)
  })

  it('does not reach further back because the clock of whoever has the keys leapt', () => {
    const clocks = { source: NOW + 2_000, target: NOW + 2_000 + LEAP }
    expect(believesToKnow(new TokenMemory(NOW), clocks)).toBe(false)
  })
})

describe('the memory of answers', () => {
  const MEGABYTE = 1_000_000
  const large = (n: number) => ({
    changes: [{ made: true as const, version: n, item: 'x'.repeat(MEGABYTE) as never }],
  })

  it('loses the oldest first, and not that there was an answer', () => {
    const tokens = new TokenMemory(NOW)
    tokens.remember(0, RESULT, KEYS, NOW)
    for (let n = 1; n <= 6; n++) tokens.remember(n, large(n), KEYS, NOW + n)
    expect([1, 2, 3, 4, 5, 6].filter((n) => tokens.recall(n) !== undefined)).toEqual([4, 5, 6])
    // What a version says takes next to nothing.
    tokens.remember(7, RESULT, KEYS, NOW + 7)
    expect(tokens.recall(0)?.()).toEqual(RESULT)
    expect(tokens.recall(7)?.()).toEqual(RESULT)
    for (let n = 0; n <= 7; n++) expect(tokens.isDecided(n)).toBe(true)
    expect(tokens.isDecided(8)).toBe(false)
  })

  it('has one that alone is too large forgotten, and goes on', () => {
    const tokens = new TokenMemory(NOW)
    tokens.remember(
      1,
      { changes: Array.from({ length: 5 }, (_, n) => large(n).changes[0] as never) },
      KEYS,
      NOW,
    )
    expect(tokens.recall(1)).toBeUndefined()
    tokens.remember(2, large(2), KEYS, NOW)
    tokens.remember(3, large(3), KEYS, NOW)
    expect(tokens.recall(2)?.()).toEqual(large(2))
    tokens.rememberRefusal(4, new LimitError('no'), KEYS, NOW)
    expect(() => tokens.recall(4)?.()).toThrow('no')
  })

  it('says that it does not know what came before a write that it has forgotten', () => {
    const tokens = new TokenMemory(NOW - 1_000_000)
    tokens.remember(1, RESULT, KEYS, NOW)
    expect(tokens.knowsSince(NOW, NOW + 40_000)).toBe(true)
    tokens.remember(2, RESULT, KEYS, NOW + 700_000)
    expect(tokens.isDecided(1)).toBe(false)
    expect(tokens.knowsSince(NOW, NOW + 700_000)).toBe(false)
  })
})
