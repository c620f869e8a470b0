import { describe, expect, it } from 'vitest'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from './snapshot-keys.js'

const text = (value: string) => new TextEncoder().encode(value)

describe('the keys of snapshots', () => {
  it('can never change once there are some', () => {
    expect(forestSnapshotKey('main')).toBe('fokos/1/main/forest')
    expect(promotedSnapshotKey('a/b')).toBe('fokos/1/a%2Fb/promoted')
    expect(rangeSnapshotKey('main', text(''))).toBe('fokos/1/main/range/514e28b730f4c30685f0b427249cb285')
    expect(rangeSnapshotKey('main', text('acme'))).toBe('fokos/1/main/range/b152a1e246ce63c876d34f01c2c92ac7')
    expect(rangeSnapshotKey('main', text('k5'))).toBe('fokos/1/main/range/e2ac9c48009d277b8870a723611c002b')
  })

  it('differ from each other, and between databases and hash keys', () => {
    const keys = ['main', 'main/forest', 'other'].flatMap((database) => [
      forestSnapshotKey(database),
      promotedSnapshotKey(database),
      ...['', 'a', 'b', 'forest'].map((hashKey) => rangeSnapshotKey(database, text(hashKey))),
    ])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('fit into Workers KV', () => {
    const longest = rangeSnapshotKey('ü'.repeat(21), new Uint8Array(16_384))
    expect(text(longest).length).toBeLessThanOrEqual(512)
  })
})
