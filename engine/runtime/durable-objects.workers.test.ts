import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { encodeKey } from '../keys/key-codec.js'
import { type PartitionAnswer, type PartitionRequest, REQUEST_VERSION } from '../operations.js'
import { DEFAULT_SETTINGS, type Limits } from '../settings.js'
import { encodeItem } from '../values/item-text.js'
import { durableObjects } from './durable-objects.js'

interface Namespace {
  getByName(name: string): never
}

let objects = 0

/** Puts into a fresh partition of a database whose declaration has these limits. */
function put(limits: Partial<Limits>, item: { text: string }, hashKey = 'a'): Promise<PartitionAnswer> {
  const request: PartitionRequest = {
    version: REQUEST_VERSION,
    settings: { roots: 16, fanout: 4 },
    operation: {
      kind: 'write',
      changes: [
        {
          kind: 'put',
          key: { hashKey: encodeKey([hashKey]), sortKey: encodeKey([]) },
          item: encodeItem(item),
        },
      ],
      token: 1,
      born: Date.now(),
      resent: false,
    },
  }
  const settings = { ...DEFAULT_SETTINGS, limits: { ...DEFAULT_SETTINGS.limits, ...limits } }
  const { FokosPartition } = durableObjects({ settings })
  const stub = (env as unknown as { FOKOS_PARTITION: Namespace }).FOKOS_PARTITION.getByName(
    `durable-objects-test-${objects++}`,
  )
  return runInDurableObject(stub, (_: unknown, state: DurableObjectState) => {
    const partition = new FokosPartition(state, env) as unknown as {
      execute(request: PartitionRequest): PartitionAnswer
    }
    return partition.execute(request)
  })
}

describe('the partition of a declaration', () => {
  it('keeps the declared limit on items, and no other', async () => {
    const item = { text: 'x'.repeat(200) }
    expect(await put({}, item)).toMatchObject({ ok: true })
    expect(await put({ itemBytes: 100 }, item)).toMatchObject({
      ok: false,
      error: { code: 'limit_exceeded', details: { what: 'item', limit: 100 } },
    })
    const large = { text: 'x'.repeat(600_000) }
    expect(await put({}, large)).toMatchObject({ ok: false, error: { details: { limit: 500_000 } } })
    expect(await put({ itemBytes: 1_000_000 }, large)).toMatchObject({ ok: true })
  })

  it('keeps the declared limit on hash keys, and no other', async () => {
    const hashKey = 'h'.repeat(3_000)
    expect(await put({}, { text: 'x' }, hashKey)).toMatchObject({
      ok: false,
      error: { code: 'limit_exceeded', details: { what: 'hash key', limit: 2_048 } },
    })
    expect(await put({ hashKeyBytes: 16_384 }, { text: 'x' }, hashKey)).toMatchObject({ ok: true })
  })
})
