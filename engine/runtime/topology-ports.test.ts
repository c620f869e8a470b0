import { describe, expect, it } from 'vitest'
import { REQUEST_VERSION } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { bindingNames } from './bindings.js'
import { keeperPorts, topologyPorts } from './topology-ports.js'

const settings = { roots: 1, fanout: 2 }
const status = { version: REQUEST_VERSION, settings, operation: { kind: 'status' } } as const

/** A namespace whose objects write down that they were called; each jurisdiction is a part of it. */
function namespace(called: string[], inside = ''): object {
  return {
    getByName: (name: string) => ({ execute: async () => called.push(`${inside}${name}`) }),
    jurisdiction: (of: string) => namespace(called, `${of}: `),
  }
}

const kv = { get: async () => null, put: async () => {} }

describe('a partition', () => {
  it('reaches the keeper that has its database’s name, in its own jurisdiction', async () => {
    const called: string[] = []
    const env = { FOKOS_TOPOLOGY: namespace(called) }
    for (const jurisdiction of [undefined, 'eu']) {
      const self = { name: 'tenant%2042/h/3.1', jurisdiction }
      await topologyPorts(env, self, bindingNames({})).keeper?.call(status)
    }
    expect(called).toEqual(['tenant 42', 'eu: tenant 42'])
  })

  it('reaches what is bound under other names', async () => {
    const called: string[] = []
    const names = bindingNames({ FOKOS_TOPOLOGY: 'KEEPER', FOKOS_TOPOLOGY_CACHE: 'CACHE' })
    const ports = topologyPorts({ KEEPER: namespace(called), CACHE: kv }, { name: 'main/h/0' }, names)
    await ports.keeper?.call(status)
    expect(called).toEqual(['main'])
    expect(await ports.topology?.cache.get('a')).toBeUndefined()
  })

  it('goes without what is not bound', () => {
    expect(topologyPorts({}, { name: 'main/h/0' }, bindingNames({}))).toEqual({
      keeper: undefined,
      topology: undefined,
    })
  })

  it('shares what was read with the others of its database', () => {
    const read = (name: string, database: string) =>
      topologyPorts({ FOKOS_TOPOLOGY_CACHE: kv }, { name }, bindingNames({})).topology?.snapshotsOf(
        database,
        settings,
      )
    expect(read('main/h/0', 'main')).toBe(read('main/h/1', 'main'))
    expect(read('other/h/0', 'other')).not.toBe(read('main/h/0', 'main'))
  })
})

describe('a keeper', () => {
  it('is of the database that it is named after, and asks the partitions of its own jurisdiction', async () => {
    const called: string[] = []
    const env = { STORE: namespace(called) }
    const names = bindingNames({ FOKOS_PARTITION: 'STORE' })
    const ports = keeperPorts(env, { name: 'tenant 42', jurisdiction: 'eu' }, names)
    expect(ports).toMatchObject({ database: 'tenant 42', cache: undefined })
    const outline = { version: REQUEST_VERSION, settings, operation: { kind: 'outline' } } as const
    await ports.peers.call('tenant%2042/h/0' as PartitionName, outline)
    expect(called).toEqual(['eu: tenant%2042/h/0'])
  })
})
