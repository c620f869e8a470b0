import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { requireBindings } from './bindings.js'

const namespace = { getByName: () => {} }
const kv = { get: async () => null, put: async () => {} }

describe('the bindings of an environment', () => {
  it('are found by their names', () => {
    const found = requireBindings({ FOKOS_PARTITION: namespace, FOKOS_TOPOLOGY: namespace })
    expect(found).toMatchObject({ partitions: namespace, keepers: namespace, cache: undefined })
  })

  it('are found by the names that they were given', () => {
    const names = { FOKOS_PARTITION: 'STORE', FOKOS_TOPOLOGY: 'KEEPER', FOKOS_TOPOLOGY_CACHE: 'CACHE' }
    const found = requireBindings({ STORE: namespace, KEEPER: namespace, CACHE: kv }, names)
    expect(found).toMatchObject({ partitions: namespace, keepers: namespace, cache: kv })
  })

  it.each([
    [
      'a missing partition',
      { FOKOS_TOPOLOGY: namespace },
      'FOKOS_PARTITION',
      'class_name = "FokosPartition"',
    ],
    [
      'a missing keeper',
      { FOKOS_PARTITION: namespace },
      'FOKOS_TOPOLOGY',
      'class_name = "FokosTopologyKeeper"',
    ],
    [
      'a cache that is no Workers KV namespace',
      { FOKOS_PARTITION: namespace, FOKOS_TOPOLOGY: namespace, FOKOS_TOPOLOGY_CACHE: namespace },
      'FOKOS_TOPOLOGY_CACHE',
      '[[kv_namespaces]]\nbinding = "FOKOS_TOPOLOGY_CACHE"',
    ],
  ])('are refused with %s, with the lines to write', (_, env, binding, lines) => {
    expect(() => requireBindings(env)).toThrow(ConfigurationError)
    expect(() => requireBindings(env)).toThrow(expect.objectContaining({ details: { binding } }))
    expect(() => requireBindings(env)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(lines) }),
    )
  })
})
