import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { PartitionName } from '../../engine/ports.js'
import { openStore, type Store } from '../../engine/store.js'
import { placeOf } from '../../engine/topology/partition-name.js'
import { openSnapshot } from '../../engine/topology/snapshot.js'

const SETTINGS = { roots: 1, fanout: 2 }
const KEYS = Array.from({ length: 60 }, (_, i) => ({ hashKey: `key-${i}` }))

interface Bound {
  readonly FOKOS_PARTITION: { getByName(name: string): { execute(request: unknown): Promise<unknown> } }
  readonly FOKOS_TOPOLOGY: object
  readonly FOKOS_TOPOLOGY_CACHE: KVNamespace
}

const bound = env as unknown as Bound

/** What a Worker that has just started has: a namespace of which nothing is known. And the calls that it makes. */
function newWorker(database: string, { cache = true }: { readonly cache?: boolean } = {}) {
  const called: string[] = []
  const fresh = {
    FOKOS_PARTITION: {
      getByName(name: string) {
        called.push(name)
        return bound.FOKOS_PARTITION.getByName(name)
      },
    },
    FOKOS_TOPOLOGY: bound.FOKOS_TOPOLOGY,
    ...(cache ? { FOKOS_TOPOLOGY_CACHE: bound.FOKOS_TOPOLOGY_CACHE } : undefined),
  }
  return { store: openStore(fresh, { ...SETTINGS, database }), called }
}

/** Fills a database until its tree is so deep, and all of that is published. */
async function grow(database: string, depth: number): Promise<Store> {
  const { store } = newWorker(database)
  const deepest = async () =>
    Math.max(...(await store.tree()).map(({ partition }) => placeOf(partition).path.length))
  for (let round = 0; (await deepest()) <= depth; round++) {
    expect(round).toBeLessThan(60)
    for (const key of KEYS) await store.put({ ...key, sortKey: round }, { text: 'x'.repeat(200) })
  }
  await atRest(store)
  return store
}

/** A snapshot without its envelope, which has its version. */
function bodyOf(bytes: number[]): Uint8Array {
  for (const kind of ['forest', 'promoted', 'range'] as const) {
    try {
      return openSnapshot(kind, Uint8Array.from(bytes)).body
    } catch {
      // Of another kind.
    }
  }
  throw new Error('what is published is no snapshot')
}

/** Holds, if not at once: on a busy machine the cache may answer too late, which requests do not wait for. */
function inTime(holds: () => Promise<void>): Promise<void> {
  return vi.waitFor(holds, { timeout: 40_000, interval: 100 })
}

/** Nothing moves any more, and all of it is published. */
async function atRest(store: Store): Promise<void> {
  await vi.waitFor(
    async () => {
      const tree = await store.tree()
      expect(tree.flatMap(({ moving }) => moving)).toEqual([])
      const { hashPartitions, rangePartitions, published } = await store.topology()
      expect(hashPartitions + rangePartitions).toBe(tree.length)
      expect(published).toBe(true)
    },
    { timeout: 60_000, interval: 100 },
  )
}

describe('a Worker that has just started', () => {
  it('sends its first request straight to its owner where the topology is published', async () => {
    await grow('published', 3)
    for (const key of KEYS.slice(0, 20)) {
      await inTime(async () => {
        const { store, called } = newWorker('published')
        const { hops, partition } = await store.locate({ ...key, sortKey: 0 })
        expect([hops, called]).toEqual([0, [partition]])
      })
    }
  })

  it('asks over the root once where it cannot read what is published, and the partitions take one hop', async () => {
    await grow('unread', 3)
    const depths: number[] = []
    for (const key of KEYS.slice(0, 20)) {
      await inTime(async () => {
        const { store, called } = newWorker('unread', { cache: false })
        const { hops, partition } = await store.locate({ ...key, sortKey: 0 })
        depths.push(placeOf(partition).path.length)
        expect([hops, called]).toEqual([1, ['unread/h/0']])
        expect((await store.locate({ ...key, sortKey: 1 })).hops).toBe(0)
        expect(called).toEqual(['unread/h/0', partition])
      })
    }
    expect(Math.max(...depths)).toBeGreaterThan(3)
  })

  it('finds the ranges of a promoted hash key at once', async () => {
    const { store } = newWorker('ranges')
    for (let sortKey = 0; sortKey < 400; sortKey++) {
      await store.put({ hashKey: 'all', sortKey }, { text: 'x'.repeat(200) })
    }
    await atRest(store)
    expect((await store.topology()).rangePartitions).toBeGreaterThan(4)
    for (const sortKey of [0, 100, 200, 300, 399]) {
      await inTime(async () => {
        const cold = newWorker('ranges')
        const { hops, partition } = await cold.store.locate({ hashKey: 'all', sortKey })
        expect([hops, cold.called]).toEqual([0, [partition]])
        expect(placeOf(partition as PartitionName).kind).toBe('range')
      })
    }
  })
})

describe('the keeper', () => {
  it('publishes the same when it has asked all partitions', async () => {
    const store = await grow('rebuilt', 2)
    const { keys } = await bound.FOKOS_TOPOLOGY_CACHE.list({ prefix: 'fokos/1/rebuilt/' })
    const read = () =>
      Promise.all(
        keys.map(async ({ name }) => {
          const value = await bound.FOKOS_TOPOLOGY_CACHE.get(name, 'arrayBuffer')
          return [...new Uint8Array(value as ArrayBuffer)]
        }),
      )
    const before = await read()
    const known = await store.topology()
    await store.rebuildTopology()
    await vi.waitFor(
      async () => expect(await store.topology()).toEqual({ ...known, published: true, rebuilding: false }),
      { timeout: 60_000, interval: 100 },
    )
    const after = await read()
    expect(after).not.toEqual(before)
    expect(after.map(bodyOf)).toEqual(before.map(bodyOf))
  })

  it('has other settings refused also by roots that hold nothing', async () => {
    const { store } = newWorker('pinned')
    await store.put({ hashKey: 'a' }, { n: 1 })
    const other = openStore(env, { roots: 64, fanout: 2, database: 'pinned' })
    for (const hashKey of ['a', 'b', 'c', 'd', 'e']) {
      await expect(other.get({ hashKey })).rejects.toMatchObject({
        code: 'settings_mismatch',
        message: expect.stringMatching(/roots 1, .*roots 64, /s),
      })
      await expect(other.put({ hashKey }, { n: 1 })).rejects.toMatchObject({ code: 'settings_mismatch' })
    }
  })
})
