import { beforeEach, describe, expect, it } from 'vitest'
import { ValidationError } from '../errors.js'
import { calculate, column } from '../expressions/build.js'
import { encodeKey } from '../keys/key-codec.js'
import type { Change, ItemKey, PartitionAnswer, PartitionRequest } from '../operations.js'
import { Partition } from '../partition/partition.js'
import { type CheckItem, type PartitionName, PeerCallError } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { decodeItem, encodeItem } from '../values/item-text.js'
import { Client } from './client.js'

/** No item's n may be negative. What it was asked about is kept. */
const asked: unknown[] = []
const checkItem: CheckItem = (key, item) => {
  asked.push(item.n)
  if (Number(item.n) < 0) throw new ValidationError('n: negative', { column: 'n', bytes: key.hashKey.length })
}

/** Partitions that check items, and a network that may lose answers. */
class Network {
  readonly #partitions = new Map<PartitionName, Partition>()
  readonly sent: PartitionRequest['operation'][] = []
  lose = 0
  #tokens = 0
  readonly #ports = {
    peers: this,
    clock: { now: () => Date.now(), sleep: async () => {} },
    random: { fraction: () => 0.5, token: () => ++this.#tokens },
  }
  readonly client = new Client(this.#ports, { database: 'main', settings: DEFAULT_SETTINGS })

  async call(name: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.sent.push(request.operation)
    const answer = await this.#partition(name).execute(structuredClone(request))
    if (this.lose-- > 0) throw new PeerCallError('lost', { undelivered: false, overloaded: false })
    return structuredClone(answer)
  }

  #partition(name: PartitionName): Partition {
    const alarm = { set: () => {}, clear: () => {} }
    const ports = { ...this.#ports, name, alarm, storage: sqliteStorage(), checkItem }
    const partition = this.#partitions.get(name) ?? new Partition(ports, DEFAULT_SETTINGS)
    this.#partitions.set(name, partition)
    return partition
  }
}

const key = (sort: number, hash = 'h'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
const put = (sort: number, n: number, hash = 'h'): Change => ({
  kind: 'put',
  key: key(sort, hash),
  item: encodeItem({ n }),
})
const add = (sort: number, n: number, hash = 'h'): Change => ({
  kind: 'update',
  key: key(sort, hash),
  assignments: [{ column: 'n', value: calculate(column('n'), '+', n) }],
})
const upsert = (sort: number, n: number): Change => ({
  kind: 'insert',
  key: key(sort),
  item: encodeItem({ n: 0 }),
  onExisting: { assignments: [{ column: 'n', value: calculate(column('n'), '+', n) }] },
})

let network: Network
let client: Client
beforeEach(async () => {
  network = new Network()
  client = network.client
  await client.write({ kind: 'write', changes: [put(1, 5), put(2, 5), put(1, 5, 'g'), put(1, 5, 'k')] })
  network.sent.length = 0
  asked.length = 0
})

const write = (...changes: Change[]) => client.write({ kind: 'write', changes })
const n = async (sort: number, hash = 'h') => {
  const found = await client.get({ kind: 'get', key: key(sort, hash) })
  return found === null ? null : decodeItem(found.item).n
}

describe('a check of items', () => {
  it('sees what updates and upserts make of items, and whole items not', async () => {
    await write(add(1, 2), upsert(2, 3), upsert(3, 4), put(4, 9))
    expect(asked).toEqual([7, 8])
  })

  it('refuses a statement as a whole, with its own error', async () => {
    const refused = write(add(1, -1), add(2, -6))
    await expect(refused).rejects.toThrow(ValidationError)
    await expect(refused).rejects.toMatchObject({
      code: 'validation',
      message: 'n: negative',
      details: { column: 'n', bytes: key(1).hashKey.length },
    })
    expect([await n(1), await n(2)]).toEqual([5, 5])
    await expect(write(upsert(1, -6))).rejects.toThrow(ValidationError)
  })

  it('is not asked about an update whose condition does not hold, or that meets nothing', async () => {
    await write({
      ...(add(1, -9) as Change & { kind: 'update' }),
      condition: { kind: 'value', value: false },
    })
    await write(add(7, -9))
    expect(asked).toEqual([])
  })

  it('refuses once: who sends again because the answer was lost is told the same', async () => {
    network.lose = 1
    await expect(write(add(1, -6))).rejects.toThrow(ValidationError)
    expect(network.sent.map(({ kind }) => kind)).toEqual(['write', 'write'])
    expect(asked).toEqual([-1])
    expect(await n(1)).toBe(5)
  })

  it('refuses a write over several partitions, and leaves nothing locked', async () => {
    await expect(write(add(1, -1), add(1, -6, 'g'), add(1, -1, 'k'))).rejects.toThrow(ValidationError)
    expect([await n(1), await n(1, 'g'), await n(1, 'k')]).toEqual([5, 5, 5])
    await write(add(1, -1), add(1, -5, 'g'), add(1, -1, 'k'))
    expect([await n(1), await n(1, 'g'), await n(1, 'k')]).toEqual([4, 0, 4])
  })

  it('refuses a statement of a transaction, which goes on without it', async () => {
    const block = client.begin({ checkItem })
    await block.write({ kind: 'write', changes: [add(1, -1)] })
    await expect(block.write({ kind: 'write', changes: [add(1, -5)] })).rejects.toThrow(ValidationError)
    await block.write({ kind: 'write', changes: [add(1, -4)] })
    await block.commit()
    expect(await n(1)).toBe(0)
  })

  it.each([
    ['at its home', 'h', 'g'],
    ['at another partition', 'g', 'h'],
  ])('refuses a commit for good, when an item is not what it was: %s', async (_, changed, other) => {
    const block = client.begin({ checkItem })
    await block.write({ kind: 'write', changes: [add(1, -3, 'h')] })
    await block.write({ kind: 'write', changes: [add(1, -3, 'g')] })
    await write(add(1, -3, changed))
    await expect(block.commit()).rejects.toMatchObject({ code: 'validation', retryable: false })
    expect([await n(1, changed), await n(1, other)]).toEqual([2, 5])
  })
})
