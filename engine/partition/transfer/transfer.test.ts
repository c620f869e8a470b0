import { beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../../client/client.js'
import { calculate, column, compare } from '../../expressions/build.js'
import { encodeKey } from '../../keys/key-codec.js'
import type {
  ItemKey,
  PartitionAnswer,
  PartitionDescription,
  PartitionOperation,
  PartitionRequest,
  PartitionResults,
} from '../../operations.js'
import { REQUEST_VERSION } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { DEFAULT_SETTINGS } from '../../settings.js'
import { sqliteStorage } from '../../simulation/sqlite-storage.js'
import { EVERYTHING } from '../../topology/key-set.js'
import { decodeItem, encodeItem } from '../../values/item-text.js'
import { Partition, type PartitionSettings } from '../partition.js'
import { DEFAULT_PACE } from './pace.js'

const SETTINGS = { roots: 1, fanout: 3 }
const ROOT = 'main/h/0' as PartitionName

/** Partitions that call each other at once, and a client that knows nothing of what they have become. */
class World {
  readonly partitions = new Map<PartitionName, Partition>()
  readonly requests: { readonly to: PartitionName; readonly request: PartitionRequest }[] = []
  splitAt: PartitionSettings['splitAt'] = { bytes: 2_000, requestsPerSecond: 1_000_000, hashKeyShare: 0.5 }
  limits = DEFAULT_SETTINGS.limits
  now = 1_700_000_000_000
  /** Called before a request comes to its partition. */
  before: (to: PartitionName, operation: PartitionOperation) => void | Promise<void> = () => {}
  #tokens = 0

  readonly ports = {
    clock: {
      now: () => this.now,
      sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
    },
    random: { fraction: () => 0.5, token: () => ++this.#tokens },
    peers: this as World,
  }

  async call(to: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.requests.push({ to, request: structuredClone(request) })
    await this.before(to, request.operation)
    return structuredClone(await this.partition(to).execute(structuredClone(request)))
  }

  partition(name: PartitionName): Partition {
    const known = this.partitions.get(name)
    if (known !== undefined) return known
    const alarm = { set: () => {}, clear: () => {} }
    const made = new Partition(
      { ...this.ports, name, alarm, storage: sqliteStorage() },
      {
        limits: this.limits,
        splitAt: this.splitAt,
        pace: { ...DEFAULT_PACE, writes: 1, copied: 4 },
        sustainedFor: 1_000,
      },
    )
    this.partitions.set(name, made)
    return made
  }

  /** A client that knows no more of the tree than that it has a root. */
  client(): Client {
    return new Client(this.ports, { database: 'main', settings: SETTINGS })
  }

  async ask<O extends PartitionOperation>(
    to: PartitionName,
    operation: O,
    more: Partial<PartitionRequest> = {},
  ): Promise<PartitionAnswer & { result?: PartitionResults[O['kind']] }> {
    const request = { version: REQUEST_VERSION, settings: SETTINGS, operation, follows: true, ...more }
    return (await this.call(to, request)) as PartitionAnswer & { result?: PartitionResults[O['kind']] }
  }

  /** The whole tree, when nothing moves any more. */
  async atRest(): Promise<PartitionDescription[]> {
    for (let looks = 0; looks < 500; looks++) {
      const tree = await this.client().tree()
      if (tree.every(({ state, moving }) => state === 'serving' && moving.length === 0)) return tree
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    throw new Error('transfers do not end')
  }
}

let world: World
let client: Client
beforeEach(() => {
  world = new World()
  client = world.client()
})

const key = (hash: number, sort = 0): ItemKey => ({
  hashKey: encodeKey([`hash ${hash}`]),
  sortKey: encodeKey([sort]),
})
const put = (at: ItemKey, n: number, of: Client = client) =>
  of.write({
    kind: 'write',
    changes: [{ kind: 'put', key: at, item: encodeItem({ n, pad: 'x'.repeat(80) }) }],
  })
const read = async (at: ItemKey, of: Client = client) => {
  const found = await of.get({ kind: 'get', key: at })
  return found && decodeItem(found.item).n
}
const list = async (hash: number, descending = false) => {
  const items = await world.client().query({
    kind: 'query',
    spans: [{ hashKey: key(hash).hashKey, interval: EVERYTHING }],
    order: { first: 'hashKey', hashKey: 'ascending', sortKey: descending ? 'descending' : 'ascending' },
  })
  return items.map((item) => decodeItem(item).n)
}

describe('a hash partition that has grown', () => {
  it('splits, and everything is there for who knows nothing of it', async () => {
    for (let hash = 0; hash < 60; hash++) await put(key(hash), hash)
    const tree = await world.atRest()
    expect(tree.find(({ partition }) => partition === ROOT)).toMatchObject({ items: 0, moving: [] })
    expect(tree.filter(({ kind }) => kind === 'range')).toEqual([])
    expect(tree.length).toBeGreaterThan(4)
    expect(tree.reduce((sum, { items }) => sum + items, 0)).toBe(60)
    for (let hash = 0; hash < 60; hash++) expect(await read(key(hash), world.client())).toBe(hash)
  })

  it('is reached in one hop by who has asked each partition once', async () => {
    for (let hash = 0; hash < 60; hash++) await put(key(hash), hash)
    await world.atRest()
    const knowing = world.client()
    for (let hash = 0; hash < 60; hash++) await read(key(hash), knowing)
    for (let hash = 0; hash < 60; hash++) expect((await knowing.locate(key(hash))).hops).toBe(0)
  })

  it('gives its space back', async () => {
    for (let hash = 0; hash < 60; hash++) await put(key(hash), hash)
    const tree = await world.atRest()
    for (const { children, bytes } of tree) if (children.length > 0) expect(bytes).toBe(0)
  })
})

describe('a hash key that is most of its partition', () => {
  it('is promoted, and divides by its sort keys', async () => {
    for (let sort = 0; sort < 60; sort++) await put(key(7, sort), sort)
    for (let hash = 0; hash < 3; hash++) await put(key(hash), hash)
    const tree = await world.atRest()
    expect(tree.find(({ partition }) => partition === ROOT)).toMatchObject({ items: 3, children: [] })
    const leaves = tree.filter(({ kind, children }) => kind === 'range' && children.length === 0)
    expect(leaves.length).toBeGreaterThan(2)
    const sorts = Array.from({ length: 60 }, (_, sort) => sort)
    expect(await list(7)).toEqual(sorts)
    expect(await list(7, true)).toEqual(sorts.toReversed())
    for (const sort of sorts) expect(await read(key(7, sort), world.client())).toBe(sort)
  })

  it('tiles its range, and writes over a boundary happen together', async () => {
    for (let sort = 0; sort < 60; sort++) await put(key(7, sort), sort)
    const tree = await world.atRest()
    const leaves = tree.filter(({ kind, children }) => kind === 'range' && children.length === 0)
    const ranges = leaves
      .map(({ range }) => range?.interval)
      .toSorted((left, right) => Buffer.compare(left?.from as Uint8Array, right?.from as Uint8Array))
    expect(ranges[0]?.from).toEqual(EVERYTHING.from)
    expect(ranges.at(-1)?.to).toEqual(EVERYTHING.to)
    ranges.slice(1).forEach((range, i) => {
      expect(range?.from).toEqual(ranges[i]?.to)
    })
    await world.client().write({
      kind: 'write',
      changes: [0, 30, 59].map((sort) => ({
        kind: 'put',
        key: key(7, sort),
        item: encodeItem({ n: -sort - 1 }),
      })),
    })
    expect((await list(7)).filter((n) => (n as number) < 0)).toEqual([-1, -31, -60])
  })
})

describe('a partition that gets too many requests', () => {
  it('splits though it is small, where they go', async () => {
    world.splitAt = { bytes: 1_000_000_000, requestsPerSecond: 20, hashKeyShare: 0.5 }
    for (let hash = 0; hash < 6; hash++) await put(key(hash), hash)
    for (let second = 0; second < 4; second++) {
      for (let i = 0; i < 30; i++) await read(key(i % 6))
      world.now += 1_000
    }
    const tree = await world.atRest()
    expect(tree.length).toBeGreaterThanOrEqual(4)
    for (let hash = 0; hash < 6; hash++) expect(await read(key(hash))).toBe(hash)
  })
})

describe('a partition that nobody has adopted', () => {
  it('passes a request to its parent, and keeps nothing', async () => {
    await put(key(1), 1)
    const answer = await world.ask('main/h/0.2.1' as PartitionName, { kind: 'get', key: key(1) })
    expect(answer).toMatchObject({ ok: true, owner: { partition: ROOT }, hops: 2 })
    expect(answer.result?.found).not.toBeNull()
    expect(await world.ask('main/h/0.2.1' as PartitionName, { kind: 'describe' })).toMatchObject({
      result: { state: 'unused', items: 0 },
    })
  })

  it('of a hash key that was never promoted passes it to the root', async () => {
    await put(key(1), 1)
    const answer = await world.ask('main/r/AmhhA/0.1' as PartitionName, { kind: 'get', key: key(1) })
    expect(answer).toMatchObject({ ok: true, owner: { partition: ROOT } })
  })
})

describe('a request for keys that have parted', () => {
  beforeEach(async () => {
    for (let hash = 0; hash < 60; hash++) await put(key(hash), hash)
    await world.atRest()
  })

  it('is answered with directions', async () => {
    const keys = Array.from({ length: 60 }, (_, hash) => key(hash))
    const answer = await world.ask(ROOT, { kind: 'batchGet', keys })
    expect(answer).toMatchObject({ ok: false })
    expect(answer.elsewhere?.length).toBeGreaterThan(1)
  })

  it('is refused as unavailable where its sender would not understand them', async () => {
    const keys = Array.from({ length: 60 }, (_, hash) => key(hash))
    const answer = await world.ask(ROOT, { kind: 'batchGet', keys }, { follows: false })
    expect(answer).toMatchObject({ ok: false, error: { code: 'unavailable' } })
  })

  it('is passed on whole where one partition has all of them', async () => {
    const answer = await world.ask(ROOT, { kind: 'get', key: key(5) }, { follows: false })
    expect(answer).toMatchObject({ ok: true })
    expect(answer.result?.found).not.toBeNull()
  })
})

describe('a transaction', () => {
  it('finds its parts where they are when its partitions split between its reads and its commit', async () => {
    await put(key(1), 1)
    await put(key(2), 2)
    const block = client.begin()
    const found = await block.get({ kind: 'get', key: key(1) })
    expect(found).not.toBeNull()
    for (let hash = 10; hash < 60; hash++) await put(key(hash), hash, world.client())
    await world.atRest()
    for (const at of [key(1), key(2)]) {
      await block.write({ kind: 'write', changes: [{ kind: 'put', key: at, item: encodeItem({ n: 100 }) }] })
    }
    await block.commit()
    expect([await read(key(1)), await read(key(2))]).toEqual([100, 100])
  })

  it('fails when a row of an interval changed that has been divided since', async () => {
    for (let sort = 0; sort < 8; sort++) await put(key(7, sort), sort)
    const [reads, other] = [client.begin(), world.client()]
    const span = { hashKey: key(7).hashKey, interval: EVERYTHING }
    const order = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' } as const
    const seen = await reads.query({ kind: 'query', spans: [span], order })
    expect(seen).toHaveLength(8)
    for (let sort = 8; sort < 60; sort++) await put(key(8, sort), sort, other)
    await world.atRest()
    await reads.write({ kind: 'write', changes: [{ kind: 'put', key: key(1), item: encodeItem({ n: 1 }) }] })
    await expect(reads.commit()).resolves.toBeUndefined()
    const again = client.begin()
    expect(await again.query({ kind: 'query', spans: [span], order })).toHaveLength(8)
    for (let sort = 8; sort < 60; sort++) await put(key(7, sort), sort, other)
    await world.atRest()
    await again.write({ kind: 'write', changes: [{ kind: 'put', key: key(1), item: encodeItem({ n: 2 }) }] })
    await expect(again.commit()).rejects.toMatchObject({ code: 'transaction_conflict' })
  })

  it('does not mind that an interval that it read has been divided since', async () => {
    for (let sort = 0; sort < 60; sort++) await put(key(7, sort), sort)
    const block = client.begin()
    const span = { hashKey: key(7).hashKey, interval: EVERYTHING }
    const order = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' } as const
    expect(await block.query({ kind: 'query', spans: [span], order })).toHaveLength(60)
    await world.atRest()
    await block.write({ kind: 'write', changes: [{ kind: 'put', key: key(1), item: encodeItem({ n: 1 }) }] })
    await block.commit()
    expect(await read(key(1))).toBe(1)
  })
})

describe('a change of an interval that divides before it is committed', () => {
  it('begins anew, whatever a row that does not pass any more would be refused for', async () => {
    world.splitAt = { ...world.splitAt, bytes: 1_000_000_000 }
    for (let sort = 0; sort < 60; sort++) await put(key(7, sort), sort)
    const other = world.client()
    let parted = false
    world.before = async (_, { kind }) => {
      if (parted || kind !== 'transact') return
      parted = true
      Object.assign(world.splitAt, { bytes: 2_000 })
      for (let hash = 100; hash < 103; hash++) await put(key(hash), hash, other)
      const tree = await world.atRest()
      expect(tree.filter(({ kind }) => kind === 'range').length).toBeGreaterThan(2)
      const item = encodeItem({ n: null, m: 'text' })
      await other.write({ kind: 'write', changes: [{ kind: 'put', key: key(7, 50), item }] })
    }
    const { changes } = await client.alter({
      kind: 'alter',
      spans: [{ hashKey: key(7).hashKey, interval: EVERYTHING }],
      filter: compare(column('n'), '>=', 0),
      alteration: { kind: 'update', assignments: [{ column: 'm', value: calculate(column('m'), '+', 1) }] },
    })
    expect(parted).toBe(true)
    expect(changes).toHaveLength(59)
  })
})

describe('a partition at its limit', () => {
  it('refuses what would make it larger, and reads and deletes', async () => {
    world.splitAt = { ...world.splitAt, bytes: 1_000_000_000 }
    world.limits = { ...world.limits, partitionBytes: 1_000 }
    for (let hash = 0; hash < 12; hash++) await put(key(hash), hash).catch(() => {})
    await expect(put(key(50), 1)).rejects.toMatchObject({ code: 'partition_full', retryable: true })
    expect(await read(key(1))).toBe(1)
    for (let hash = 0; hash < 12; hash++) {
      await client.write({ kind: 'write', changes: [{ kind: 'delete', key: key(hash) }] })
    }
    await put(key(50), 1)
    expect(await read(key(50))).toBe(1)
  })
})

describe('a partition in which too many wait', () => {
  it('says so', async () => {
    for (let hash = 0; hash < 60; hash++) await put(key(hash), hash)
    await world.atRest()
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    // What it passes on waits at the partitions below it.
    world.before = (to) => (to === ROOT ? undefined : gate)
    const waiting = Array.from({ length: 1_000 }, () => world.ask(ROOT, { kind: 'get', key: key(1) }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await world.ask(ROOT, { kind: 'get', key: key(1) })).toMatchObject({
      ok: false,
      error: { code: 'overloaded' },
    })
    go()
    expect((await Promise.all(waiting)).every(({ ok }) => ok)).toBe(true)
    expect(await world.ask(ROOT, { kind: 'get', key: key(1) })).toMatchObject({ ok: true })
  })
})
