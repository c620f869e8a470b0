import { describe, expect, it } from 'vitest'
import { type Bindings, bindingNames } from './bindings.js'
import { knownTree, sharedSnapshots } from './known-tree.js'
import type { KvNamespace } from './workers-kv.js'

describe('what is known of a tree', () => {
  const namespace = () => ({
    getByName: () => ({ execute: async () => ({ ok: false, elsewhere: [] }) as const }),
  })
  const bindings = (partitions = namespace(), cache?: KvNamespace): Bindings => ({
    partitions,
    keepers: {
      getByName: () => ({ execute: async () => ({ ok: false, error: { code: 'internal', message: '' } }) }),
    },
    cache,
    names: bindingNames({}),
  })
  const cache = (): KvNamespace => ({ get: async () => null, put: async () => {} })
  const settings = { roots: 16, fanout: 4 }
  const routerOf = (partitions: ReturnType<typeof namespace>, database: string, of: typeof settings) =>
    knownTree(bindings(partitions), database, of).router

  it('outlives clients, for each namespace, database and settings', () => {
    const partitions = namespace()
    const router = routerOf(partitions, 'main', settings)
    expect(routerOf(partitions, 'main', { ...settings })).toBe(router)
    expect(routerOf(namespace(), 'main', settings)).not.toBe(router)
    expect(routerOf(partitions, 'other', settings)).not.toBe(router)
    expect(routerOf(partitions, 'main', { roots: 8, fanout: 4 })).not.toBe(router)
    expect(routerOf(partitions, 'main', { roots: 16, fanout: 2 })).not.toBe(router)
  })

  it('is kept of the databases that were used last', () => {
    const partitions = namespace()
    const [first, second] = ['first', 'second'].map((name) => routerOf(partitions, name, settings))
    for (let i = 0; i < 99; i++) {
      routerOf(partitions, `tenant ${i}`, settings)
      routerOf(partitions, 'second', settings)
    }
    expect(routerOf(partitions, 'second', settings)).toBe(second)
    expect(routerOf(partitions, 'first', settings)).not.toBe(first)
  })

  it('stays when a cache is bound, and is read from that', () => {
    const partitions = namespace()
    const { router, topology } = knownTree(bindings(partitions), 'main', settings)
    expect(topology).toBeUndefined()
    const kv = cache()
    const read = knownTree(bindings(partitions, kv), 'main', settings)
    expect(read.router).toBe(router)
    expect(read.topology).toBeDefined()
    expect(knownTree(bindings(partitions, kv), 'main', settings)).toBe(read)
  })

  it('is shared by all partitions that have the same cache', () => {
    const kv = cache()
    const snapshots = sharedSnapshots(kv, 'main', settings)
    expect(sharedSnapshots(kv, 'main', settings)).toBe(snapshots)
    expect(sharedSnapshots(kv, 'other', settings)).not.toBe(snapshots)
    expect(sharedSnapshots(cache(), 'main', settings)).not.toBe(snapshots)
  })
})
