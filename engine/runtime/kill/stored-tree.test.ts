import { describe, expect, it } from 'vitest'
import type { StoredPartition } from './stored-partitions.js'
import { servedTwice, stagesOf, unfinished } from './stored-tree.js'

const HASH_KEY = Uint8Array.of(1)
const [LOW, MIDDLE, INSIDE, HIGH] = [0, 5, 7, 9].map((byte) => Uint8Array.of(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
/** The upper half of a range, which goes from one partition to another. */
const UPPER = { kind: 'interval', hashKey: HASH_KEY, interval: { from: MIDDLE, to: HIGH } } as const

/** Two partitions, of which each has an item, by what they say of the transfer. */
function files(there: string, here: string | undefined, sortKey = INSIDE): StoredPartition[] {
  const items = [{ hashKey: HASH_KEY, sortKey }]
  const rest = { file: 'f', database: undefined as never, items, promoted: [], changes: 0, locks: [] }
  const arrival = {
    id: 1,
    target: 'x/r/AQ',
    set: { kind: 'hashKey', hashKey: HASH_KEY },
    state: 'settled',
  } as const
  const source = { ...rest, arrival, moves: [{ id: 2, target: 'x/r/AQ/1', set: UPPER, state: there }] }
  if (here === undefined) return [source]
  return [source, { ...rest, arrival: { id: 2, target: 'x/r/AQ/1', set: UPPER, state: here }, moves: [] }]
}

describe('a look into the files', () => {
  it.each([
    ['planned', undefined, 'planned'],
    ['copying', undefined, 'copying'],
    ['copying', 'copying', 'copying'],
    ['copying', 'catching', 'catching'],
    ['moved', 'catching', 'moved'],
    ['moved', 'serving', 'serving'],
    ['settled', 'serving', 'settled'],
    ['settled', 'settled', 'settled'],
  ])('sees how far a transfer has come: %s there, %s here', (there, here, stage) => {
    const both = files(there, here)
    expect(Object.entries(stagesOf(both)).filter(([, n]) => n > 0)).toEqual([[stage, 1]])
    expect(servedTwice(both)).toEqual([])
    expect(unfinished(both)).not.toEqual([])
  })

  it('sees that a transfer has ended', () => {
    expect(unfinished(files('ended', 'settled'))).toEqual([])
  })

  it('finds what two partitions serve', () => {
    expect(servedTwice(files('copying', 'serving'))).toMatchObject([{ kind: 'served twice' }])
  })

  it('knows that a target does not serve what was not given to it', () => {
    expect(servedTwice(files('copying', 'serving', LOW))).toEqual([])
  })
})
