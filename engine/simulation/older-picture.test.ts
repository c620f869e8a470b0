import { describe, expect, it } from 'vitest'
import { encodeKey } from '../keys/key-codec.js'
import type { PartitionAnswer, PartitionRequest, PartitionTransact } from '../operations.js'
import type { PartitionName, Peers } from '../ports.js'
import { parentOf } from '../topology/partition-name.js'
import { withOlderPicture } from './older-picture.js'
import { SeededRandom } from './seeded-random.js'
import { hashKey } from './workloads/rows.js'

const HOME = 'main/h/0.1' as PartitionName
const OTHER = 'main/h/1' as PartitionName
const settings = { roots: 2, fanout: 2 }
const key = (hash: number, sort: number) => ({ hashKey: hashKey(hash), sortKey: encodeKey([sort]) })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const interval = { from: encodeKey([0]), to: encodeKey([60]) }

const transact: PartitionTransact = {
  kind: 'transact',
  token: 7,
  born: 0,
  resent: false,
  refusals: 'items',
  part: {
    seen: { items: [{ key: key(0, 3), version: 1, asOf: 2 }], intervals: [] },
    changes: [
      { index: 0, change: { kind: 'delete', key: key(0, 5) } },
      { index: 2, change: { kind: 'delete', key: key(2, 5), aloneIn: interval } },
    ],
  },
  others: [
    {
      partition: OTHER,
      part: {
        seen: { items: [], intervals: [{ hashKey: hashKey(1), interval, fingerprint: [1, 2], asOf: 3 }] },
        changes: [{ index: 1, change: { kind: 'delete', key: key(1, 5) } }],
      },
    },
  ],
}

/** What comes of a request in so many worlds. */
async function sent(operation: PartitionRequest['operation'], worlds = 200) {
  const all: { partition: PartitionName; operation: PartitionRequest['operation'] }[] = []
  const peers: Peers = {
    async call(partition, request) {
      all.push({ partition, operation: request.operation })
      return { ok: true, result: {} } as PartitionAnswer
    },
  }
  for (let seed = 0; seed < worlds; seed++) {
    const picture = { random: new SeededRandom(seed), chance: 1, settings, note: () => {} }
    await withOlderPicture(peers, picture).call(HOME, { version: 1, settings, operation })
  }
  return all
}

describe('a transaction that is cut by another picture', () => {
  it('is the same in all: every change, every read, every interval once', async () => {
    const cuts = (await sent(transact)).map(({ operation }) => operation as PartitionTransact)
    for (const { part, others, cuts: sums = [] } of cuts) {
      const parts = [part, ...others.map((other) => other.part)]
      const changes = parts.flatMap((each) => each.changes)
      expect(part.changes[0]?.index).toBe(0)
      expect(changes.filter(({ change }) => change.kind === 'delete').map(({ index }) => index)).toHaveLength(
        3,
      )
      expect(parts.flatMap(({ seen }) => seen.items)).toHaveLength(1)
      const pieces = parts.flatMap(({ seen }) => seen.intervals)
      const bounds = pieces.map(({ interval: { from, to } }) => [hex(from), hex(to)]).sort()
      expect([bounds[0]?.[0], bounds.at(-1)?.[1]]).toEqual([hex(interval.from), hex(interval.to)])
      for (let i = 1; i < bounds.length; i++) expect(bounds[i]?.[0]).toBe(bounds[i - 1]?.[1])
      expect(sums).toEqual(pieces.length > 1 ? [[1, 2]] : [])
    }
    expect(cuts.some(({ others }) => others.length > 3)).toBe(true)
    expect(cuts.some(({ cuts }) => cuts !== undefined)).toBe(true)
  })
})

describe('a request that goes astray', () => {
  it('goes to a partition above the one that it is for, or to one right below it', async () => {
    const partitions = new Set(
      (await sent({ kind: 'get', key: key(0, 1) })).map(({ partition }) => partition),
    )
    expect(partitions).toContain(HOME)
    expect(partitions).toContain(parentOf(HOME, hashKey(0), 2))
    expect([...partitions].some((name) => /^main\/h\/0\.1\.[01]$/.test(name))).toBe(true)
    expect([...partitions].some((name) => name.startsWith('main/r/'))).toBe(true)
    expect(partitions.size).toBe(4)
  })
})
