import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { type PartitionAnswer, type PartitionRequest, REQUEST_VERSION } from '../operations.js'
import { PeerCallError, type Peers } from '../ports.js'
import { rootOf } from '../topology/partition-name.js'
import { workerPeers } from './worker-ports.js'

const name = rootOf('main', Uint8Array.of(1), 16)
const request: PartitionRequest = {
  version: REQUEST_VERSION,
  settings: { roots: 16, fanout: 4 },
  operation: { kind: 'batchGet', keys: [] },
}

/** Peers whose stubs do what `execute` does, in the place of Cloudflare's namespace. */
function peersWith(execute: (name: string, request: PartitionRequest) => Promise<PartitionAnswer>): Peers {
  const partitions = {
    getByName: (name: string) => ({ execute: (request: PartitionRequest) => execute(name, request) }),
  }
  return workerPeers({ partitions, names: { FOKOS_PARTITION: 'RENAMED' } })
}

/** What a call ends with when the stub throws. */
function thrownFor(error: unknown): Promise<unknown> {
  const peers = peersWith(async () => {
    throw error
  })
  return peers.call(name, request).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

describe('a call to a partition', () => {
  it('goes to the object of that name, and brings its answer', async () => {
    const answer: PartitionAnswer = { ok: true, result: { found: [] } }
    const calls: unknown[] = []
    const peers = peersWith(async (...call) => {
      calls.push(call)
      return answer
    })
    expect(await peers.call(name, request)).toBe(answer)
    expect(calls).toEqual([[name, request]])
  })

  it('that the platform calls overloaded was not delivered', async () => {
    const error = Object.assign(new Error('Durable Object is overloaded.'), { overloaded: true })
    const thrown = await thrownFor(error)
    expect(thrown).toBeInstanceOf(PeerCallError)
    expect(thrown).toMatchObject({
      message: error.message,
      undelivered: true,
      overloaded: true,
      cause: error,
    })
  })

  it.each<[string, unknown]>([
    ['an error without marks', new Error('Network connection lost.')],
    ['one that the platform calls retryable', Object.assign(new Error('lost'), { retryable: true })],
    ['one that is not overloaded', Object.assign(new Error('lost'), { overloaded: false, remote: true })],
    ['what is no error', 'lost'],
  ])('that ends with %s may have been delivered', async (_, error) => {
    const thrown = await thrownFor(error)
    expect(thrown).toBeInstanceOf(PeerCallError)
    expect(thrown).toMatchObject({ undelivered: false, overloaded: false, cause: error })
  })

  it.each([
    'The receiver is not an RPC object: it does not implement the method "execute".',
    'partitions.getByName(...).execute is not a function',
    'SQL is not enabled for this Durable Object class.',
  ])('to what is no partition is a configuration that names the binding: %s', async (message) => {
    const thrown = await thrownFor(new Error(message))
    expect(thrown).toBeInstanceOf(ConfigurationError)
    expect(thrown).toMatchObject({ details: { binding: 'RENAMED' } })
    expect((thrown as Error).message).toContain(message)
    expect((thrown as Error).message).toContain('name = "RENAMED"\nclass_name = "FokosPartition"')
  })
})
