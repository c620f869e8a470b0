import { describe, expect, it } from 'vitest'
import { Client } from '../client/client.js'
import { encodeKey } from '../keys/key-codec.js'
import { encodeFilter } from '../topology/encode-filter.js'
import { encodeForest } from '../topology/encode-forest.js'
import { encodeRangeIndex } from '../topology/encode-range-index.js'
import { Forest } from '../topology/forest.js'
import { PromotedFilter } from '../topology/promoted-filter.js'
import { RangeIndex } from '../topology/range-index.js'
import { Router } from '../topology/router.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from '../topology/snapshot-keys.js'
import { TopologyReader } from '../topology/topology-reader.js'
import { encodeItem } from '../values/item-text.js'
import { SETTINGS, TestWorld } from './transfer/test-world.js'

const A = encodeKey(['a'])
const key = { hashKey: A, sortKey: encodeKey([]) }

function newWorld(published: readonly (readonly [string, Uint8Array])[]) {
  const world = new TestWorld()
  const stored = new Map(published)
  world.cache = { get: async (key) => stored.get(key), put: async () => {} }
  const clock = { now: () => world.now, sleep: (time: number) => world.sleep(time) }
  const router = new Router('main', SETTINGS)
  let calls = 0
  const client = new Client(
    {
      peers: {
        call: (to, { operation, ...more }) => {
          calls++
          return world.ask(to, operation, more)
        },
      },
      clock,
      random: { fraction: () => 0.5, token: () => world.token() },
    },
    {
      database: 'main',
      settings: SETTINGS,
      router,
      topology: new TopologyReader({ cache: world.cache, clock }, 'main', router),
    },
  )
  const passing = async <T>(something: Promise<T>): Promise<T> => {
    let over = false
    const done = something.finally(() => {
      over = true
    })
    done.catch(() => {})
    for (let i = 0; i < 200 && !over; i++) await world.pass(100)
    if (!over) throw new Error('it has not come to its end')
    return done
  }
  return { world, client, passing, calls: () => calls, router }
}

/** A forest in which everything has split so often. */
function forestOf(depth: number): Forest {
  const paths: number[][] = []
  let level = [[0]]
  for (let i = 0; i < depth; i++) {
    paths.push(...level)
    level = level.flatMap((path) => [
      [...path, 0],
      [...path, 1],
    ])
  }
  return Forest.fromSplits(SETTINGS, paths)
}

async function works({ client, passing, world }: ReturnType<typeof newWorld>) {
  const change = { kind: 'put', key, item: encodeItem({ n: 1 }) } as const
  await passing(client.write({ kind: 'write', changes: [change] }))
  expect(await passing(client.get({ kind: 'get', key }))).toMatchObject({ item: encodeItem({ n: 1 }) })
  const others = ['b', 'c', 'd'].map((name) => ({ hashKey: encodeKey([name]), sortKey: encodeKey([]) }))
  await passing(
    client.transact({
      seen: { items: [], intervals: [] },
      refusals: 'items',
      changes: [key, ...others].map((key) => ({
        change: { kind: 'put', key, item: encodeItem({ n: 2 }) },
      })) as never,
    }),
  )
  expect(await passing(client.findMany([key, ...others], {}))).toMatchObject(
    [key, ...others].map(() => ({ item: encodeItem({ n: 2 }) })),
  )
  expect(world.rows('main/h/0' as never, 'SELECT count(*) AS n FROM items')).toEqual([{ n: 4 }])
}

describe('what is published of another tree, which has grown further', () => {
  it.each([1, 3, 12])('costs hops and nothing else: a forest, %i levels deeper', async (depth) => {
    const all = newWorld([[forestSnapshotKey('main'), encodeForest(forestOf(depth), 3)]])
    await works(all)
    expect(all.calls()).toBeLessThan(10)
  })
  it.each([0, 1, 3])('costs hops and nothing else: ranges, divided %i times', async (depth) => {
    const splits = Array.from({ length: depth }, (_, i) => ({
      path: new Array(i).fill(0),
      boundary: encodeKey([100 - i]),
    }))
    const all = newWorld([
      [promotedSnapshotKey('main'), encodeFilter(PromotedFilter.of([A], 1), 7)],
      [rangeSnapshotKey('main', A), encodeRangeIndex(RangeIndex.fromSplits(A, splits), 7)],
    ])
    await works(all)
    expect(all.calls()).toBeLessThan(10)
  })
})
