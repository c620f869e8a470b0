import { beforeEach, describe, expect, it } from 'vitest'
import { column } from '../expressions/build.js'
import { tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import type { Change, ItemKey, PartitionAnswer, PartitionRequest } from '../operations.js'
import { Partition } from '../partition/partition.js'
import type { PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { decodeItem, encodeItem } from '../values/item-text.js'
import type { Item } from '../values/value.js'
import { Client } from './client.js'
import type { TransactionBlock } from './transaction-block.js'

/** Partitions in one process, with one clock, and a Worker that has another one. */
class World {
  now = 1_700_000_000_000
  /** By how much the Worker's clock is ahead. */
  ahead = 0
  requests: PartitionRequest['operation'][] = []
  #tokens = 0
  readonly #partitions = new Map<PartitionName, Partition>()
  readonly #random = { fraction: () => 0.5, token: () => ++this.#tokens }
  readonly #sleep = () => Promise.resolve()
  readonly client = new Client(
    {
      peers: { call: (name, request) => this.#call(name, request) },
      clock: { now: () => this.now + this.ahead, sleep: this.#sleep },
      random: this.#random,
    },
    { database: 'main', settings: DEFAULT_SETTINGS },
  )

  async #call(name: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.requests.push(request.operation)
    return structuredClone(await this.#partition(name).execute(structuredClone(request)))
  }

  #partition(name: PartitionName): Partition {
    const known = this.#partitions.get(name)
    if (known !== undefined) return known
    const ports = {
      name,
      storage: sqliteStorage(),
      clock: { now: () => this.now, sleep: this.#sleep },
      random: this.#random,
      alarm: { set: () => {}, clear: () => {} },
      peers: { call: (to: PartitionName, request: PartitionRequest) => this.#call(to, request) },
    }
    const made = new Partition(ports, DEFAULT_SETTINGS)
    this.#partitions.set(name, made)
    return made
  }
}

const key = (sort: number): ItemKey => ({ hashKey: encodeKey(['h']), sortKey: encodeKey([sort]) })
let world: World
let block: TransactionBlock
beforeEach(() => {
  world = new World()
  block = world.client.begin()
})

const inMillis = (time: number) => new Date(world.now + time)
const change = (kind: 'put' | 'insert', sort: number, item: Item): Change =>
  ({
    kind,
    key: key(sort),
    item: encodeItem(item),
    expiresAt: 'ends',
    ...(kind === 'insert' ? { onExisting: 'error' } : undefined),
  }) as Change
const set = (sort: number, from: string): Change => ({
  kind: 'update',
  key: key(sort),
  assignments: [{ column: 'n', value: column(from) }],
  expiresAt: 'ends',
})
const write = (...changes: Change[]) => block.write({ kind: 'write', changes })
const outside = (...changes: Change[]) => world.client.write({ kind: 'write', changes })
const numbers = async (of: Pick<Client, 'query'> | TransactionBlock) => {
  const items = await of.query({
    kind: 'query',
    spans: [{ hashKey: key(1).hashKey, interval: tuplesUnder(new Uint8Array()) }],
    order: { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' },
  })
  return items.map((item) => decodeItem(item).n)
}

describe('what a transaction has written itself', () => {
  it('ends by the clock of its client, for whatever it reads', async () => {
    await outside(change('put', 1, { n: 1 }))
    await write(change('insert', 2, { n: 2, ends: inMillis(100) }), change('put', 3, { n: 3, ends: null }))
    expect(await numbers(block)).toEqual([1, 2, 3])
    world.now += 100
    expect(await numbers(block)).toEqual([1, 3])
    expect(await block.get({ kind: 'get', key: key(2) })).toBeNull()
    expect(await write(set(2, 'n'))).toMatchObject({ changes: [{ made: false, because: 'absent' }] })
    expect(await write(change('insert', 2, { n: 4, ends: null }))).toMatchObject({
      changes: [{ made: true }],
    })
    await block.commit()
    expect(await numbers(world.client)).toEqual([1, 4, 3])
  })

  it('stays ended when its partition’s clock is behind', async () => {
    await outside(change('put', 1, { n: 0 }))
    world.ahead = 10_000
    await write(
      change('put', 1, { n: 1, ends: inMillis(5_000) }),
      change('insert', 2, { n: 2, ends: inMillis(5_000) }),
      change('put', 3, { n: 3, ends: null }),
    )
    expect(await numbers(block)).toEqual([3])
    await block.commit()
    expect(await numbers(world.client)).toEqual([3])
  })

  it('ends when it is to, after the commit', async () => {
    await write(change('insert', 1, { n: 1, ends: inMillis(100) }))
    await write(set(1, 'n'))
    await block.commit()
    expect(await numbers(world.client)).toEqual([1])
    world.now += 100
    expect(await numbers(world.client)).toEqual([])
  })

  it('is renewed and read again', async () => {
    await outside(change('put', 1, { n: 1, ends: inMillis(100), later: inMillis(1_000) }))
    await block.get({ kind: 'get', key: key(1) })
    const renewal = { column: 'ends', value: column('later') }
    await write({ ...(set(1, 'n') as Change & { kind: 'update' }), assignments: [renewal] })
    await block.commit()
    world.now += 500
    expect(await numbers(world.client)).toEqual([1])
    world.now += 500
    expect(await numbers(world.client)).toEqual([])
  })

  it('is refused at once when it is no moment that is to say when it ends', async () => {
    await outside(change('put', 1, { n: 1 }))
    await expect(write(change('insert', 2, { n: 2, ends: 'soon' }))).rejects.toMatchObject({
      code: 'invalid_value',
      details: { column: 'ends' },
    })
    const wrong = { ...(set(1, 'n') as Change & { kind: 'update' }), expiresAt: 'n' }
    await expect(write(wrong)).rejects.toMatchObject({ code: 'invalid_value' })
  })
})

describe('a transaction that has read what ends meanwhile', () => {
  it('is in conflict when it commits', async () => {
    await outside(change('put', 1, { n: 1, ends: inMillis(100) }))
    expect(await numbers(block)).toEqual([1])
    await write(change('put', 2, { n: 2 }))
    world.now += 100
    expect(await numbers(block)).toEqual([1, 2])
    await expect(block.commit()).rejects.toMatchObject({ code: 'transaction_conflict' })
    expect(await numbers(world.client)).toEqual([])
  })

  it('is committed when it has found it ended', async () => {
    await outside(change('put', 1, { n: 1, ends: inMillis(100) }))
    world.now += 100
    expect(await numbers(block)).toEqual([])
    await write(change('insert', 1, { n: 2 }))
    await block.commit()
    expect(await numbers(world.client)).toEqual([2])
  })
})

it('items of several partitions end wherever they are', async () => {
  const hashes = Array.from({ length: 8 }, (_, i) => encodeKey([`h${i}`]))
  await outside(
    ...hashes.map((hashKey): Change => {
      const made = change('put', 1, { n: 1, ends: inMillis(1_000) })
      return { ...made, key: { ...made.key, hashKey } }
    }),
  )
  expect(world.requests.filter(({ kind }) => kind === 'prepare').length).toBeGreaterThan(0)
  const keys = hashes.map((hashKey) => ({ ...key(1), hashKey }))
  expect((await world.client.findMany(keys, {})).filter((found) => found !== null)).toHaveLength(8)
  world.now += 1_000
  expect((await world.client.findMany(keys, {})).filter((found) => found !== null)).toHaveLength(0)
})
