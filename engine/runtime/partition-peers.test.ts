import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { REQUEST_VERSION } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { partitionPeers } from './partition-peers.js'

const partition = 'main/h/3' as PartitionName
const request = {
  version: REQUEST_VERSION,
  settings: { roots: 16, fanout: 4 },
  operation: { kind: 'batchGet', keys: [] },
} as const

interface Id {
  readonly name: string
  readonly of: string
  readonly jurisdiction?: string
  equals(other: object): boolean
}

/** What Cloudflare gives for a namespace: each has ids of its own, and so has each jurisdiction of it. */
function namespace(of: string, called: string[], jurisdiction?: string): object {
  const id = (name: string): Id => ({
    name,
    of,
    ...(jurisdiction === undefined ? undefined : { jurisdiction }),
    equals: (other) => (other as Id).of === of && (other as Id).name === name,
  })
  return {
    [Symbol.toStringTag]: 'DurableObjectNamespace',
    idFromName: id,
    jurisdiction: (inside: string) => namespace(`${of} in ${inside}`, called, inside),
    getByName: (name: string) => ({
      execute: async () => {
        called.push(`${of}: ${name}`)
        return { ok: true, result: { found: [] } }
      },
    }),
  }
}

/** A service binding has every method, and calling one is a call. */
const service = new Proxy(
  {},
  { get: (_, name) => (name === Symbol.toStringTag ? 'Fetcher' : expect.unreachable) },
)

describe('a call from one partition to another', () => {
  it('goes through the binding in which the partition itself is, whatever its name', async () => {
    const called: string[] = []
    const env = {
      TEXT: 'text',
      SERVICE: service,
      OTHER: namespace('other', called),
      MINE: namespace('mine', called),
    }
    const self = { name: 'main/h/0', of: 'mine', equals: () => false }
    await partitionPeers(env, self).call(partition, request)
    expect(called).toEqual(['mine: main/h/3'])
  })

  it('stays in the jurisdiction of the partition', async () => {
    const called: string[] = []
    const env = { MINE: namespace('mine', called) }
    const self = { name: 'main/h/0', of: 'mine in eu', jurisdiction: 'eu', equals: () => false }
    await partitionPeers(env, self).call(partition, request)
    expect(called).toEqual(['mine in eu: main/h/3'])
  })

  it('needs a binding of the namespace', () => {
    const self = { name: 'main/h/0', of: 'mine', equals: () => false }
    const call = () => partitionPeers({ OTHER: namespace('other', []) }, self).call(partition, request)
    expect(call).toThrow(ConfigurationError)
    expect(call).toThrow(/no binding of its namespace/)
  })
})
