import { beforeEach, describe, expect, it } from 'vitest'
import type { Aggregate } from '../aggregates/aggregation.js'
import { InvalidRequestError, LimitError, TransactionConflictError, TypeMismatchError } from '../errors.js'
import { calculate, column, compare, value } from '../expressions/build.js'
import type { Expression } from '../expressions/expression.js'
import { type Interval, tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import type {
  AggregateOperation,
  Alteration,
  AlterOperation,
  Change,
  ItemKey,
  QueryOperation,
} from '../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import type { Client } from './client.js'
import { Network } from './test-network.js'
import type { TransactionBlock } from './transaction-block.js'

const key = (sort: number, hash = 'h'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
const put = (sort: number, n: unknown, hash = 'h'): Change => ({
  kind: 'put',
  key: key(sort, hash),
  item: encodeItem({ hash, sort, n: n as number }),
})
const ALL = tuplesUnder(new Uint8Array())
const between = (from: number, to: number): Interval => ({ from: encodeKey([from]), to: encodeKey([to]) })
const spans = (interval: Interval, hashes: readonly string[]) =>
  hashes.map((hash) => ({ hashKey: encodeKey([hash]), interval }))
const numbers = (items: readonly (ItemText | undefined)[]) =>
  items.map((item) => (item === undefined ? undefined : decodeItem(item).n))

/** As many rows as there are numbers, each at the place of its number. */
async function fill(store: Client, from: number, count: number, hash = 'h'): Promise<void> {
  for (let first = from; first < from + count; first += 100) {
    const changes = Array.from({ length: Math.min(100, from + count - first) }, (_, i) =>
      put(first + i, first + i, hash),
    )
    await store.write({ kind: 'write', changes })
  }
}

let network: Network
let client: Client
beforeEach(() => {
  network = new Network()
  client = network.client
})

const query = (options: Partial<QueryOperation> = {}): QueryOperation => ({
  kind: 'query',
  spans: spans(ALL, ['h']),
  order: { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' },
  ...options,
})
const read = async (store: Client | TransactionBlock = client, hash = 'h') =>
  numbers(await store.query(query({ spans: spans(ALL, [hash]) })))

const RESULTS: readonly Aggregate[] = [
  { name: 'count', function: 'count' },
  { name: 'sum', function: 'sum', operand: column('n') },
]
const total = (options: Partial<AggregateOperation> = {}): AggregateOperation => ({
  kind: 'aggregate',
  spans: spans(ALL, ['h']),
  groups: [],
  aggregates: RESULTS,
  projection: RESULTS.map(({ name }) => ({ kind: 'as', name, value: column(name) })),
  ...options,
})
const totals = async (options?: Partial<AggregateOperation>, store: Client | TransactionBlock = client) =>
  (await store.aggregate(total(options))).map(({ count, sum }) => [count, sum])

const add = (n: number): Alteration => ({
  kind: 'update',
  assignments: [{ column: 'n', value: calculate(column('n'), '+', n) }],
})
const alter = (alteration: Alteration, options: Partial<AlterOperation> = {}): AlterOperation => ({
  kind: 'alter',
  spans: spans(ALL, ['h']),
  alteration,
  ...options,
})

describe('an aggregate', () => {
  it('is of all rows of an interval, and of nothing where there are none', async () => {
    expect(await totals()).toEqual([[0, null]])
    await fill(client, 0, 10)
    expect(await totals()).toEqual([[10, 45]])
    expect(await totals({ spans: spans(between(3, 5), ['h']) })).toEqual([[2, 7]])
    expect(await totals({ filter: compare(column('n'), '>=', 8) })).toEqual([[2, 17]])
  })

  it('without any span asks nobody', async () => {
    expect(await totals({ spans: [] })).toEqual([[0, null]])
    expect(network.requests).toEqual([])
  })

  it('of one partition is one call, and no row travels', async () => {
    await fill(client, 0, 10)
    network.requests.length = network.answers.length = 0
    await totals()
    expect(network.requests.map(({ kind }) => kind)).toEqual(['query'])
    expect(network.answers).toMatchObject([{ items: [] }])
  })

  it('of several pages is of one moment', async () => {
    await fill(client, 0, 5_100)
    network.requests.length = 0
    expect(await totals()).toEqual([[5_100, (5_100 * 5_099) / 2]])
    expect(network.requests.map(({ kind }) => kind)).toEqual(['query', 'query', 'validate'])
    let moved = false
    network.before = async ({ kind }) => {
      if (kind !== 'query' || network.requests.filter((request) => request.kind === 'query').length !== 4)
        return
      if (moved) return
      moved = true
      // Between the pages, one row gives what another gets: each page alone looks right.
      await client.write({ kind: 'write', changes: [put(1, 1_001), put(5_050, 4_050)] })
    }
    expect(await totals()).toEqual([[5_100, (5_100 * 5_099) / 2]])
    expect(moved).toBe(true)
  })

  it('that counts alone looks into no row', async () => {
    await fill(client, 0, 5_100)
    network.requests.length = 0
    const aggregates = RESULTS.slice(0, 1)
    expect(await client.aggregate(total({ aggregates, projection: [] }))).toHaveLength(1)
    expect(network.requests.map(({ kind }) => kind)).toEqual(['query'])
  })

  it('groups rows of several hash keys, wherever they are', async () => {
    await client.write({ kind: 'write', changes: [put(0, 1, 'a'), put(1, 2, 'a'), put(0, 5, 'b')] })
    const groups = [{ name: 'hash', value: column('hash') }]
    const projection = [...total().projection, { kind: 'as', name: 'hash', value: column('hash') } as const]
    const answer = await client.aggregate(total({ spans: spans(ALL, ['b', 'c', 'a']), groups, projection }))
    expect(answer.map(({ hash, count, sum }) => [hash, count, sum])).toEqual([
      ['a', 2, 3],
      ['b', 1, 5],
    ])
  })

  it('refuses values that it does not take', async () => {
    await client.write({ kind: 'write', changes: [put(0, 'many')] })
    await expect(totals()).rejects.toThrow(TypeMismatchError)
  })

  it('in a transaction counts what the transaction has written', async () => {
    await fill(client, 0, 3)
    const block = client.begin()
    await block.write({ kind: 'write', changes: [put(7, 7), { kind: 'delete', key: key(0) }] })
    expect(await totals({}, block)).toEqual([[3, 10]])
    await block.commit()
    expect(await totals()).toEqual([[3, 10]])
  })

  it('in a transaction conflicts with a row that comes into its interval', async () => {
    await fill(client, 0, 3)
    const block = client.begin()
    await totals({}, block)
    await client.write({ kind: 'write', changes: [put(9, 9)] })
    await block.write({ kind: 'write', changes: [put(0, 1, 'other')] })
    await expect(block.commit()).rejects.toThrow(TransactionConflictError)
  })
})

describe('an offset', () => {
  it('leaves out rows that pass, in the order that was asked for', async () => {
    await fill(client, 0, 10)
    const answer = async (options: Partial<QueryOperation>) => numbers(await client.query(query(options)))
    expect(await answer({ offset: 8 })).toEqual([8, 9])
    expect(await answer({ offset: 2, limit: 3 })).toEqual([2, 3, 4])
    expect(await answer({ offset: 10 })).toEqual([])
    expect(await answer({ offset: 1, limit: 2, filter: compare(column('n'), '>', 5) })).toEqual([7, 8])
    const descending = { first: 'hashKey', hashKey: 'ascending', sortKey: 'descending' } as const
    expect(await answer({ offset: 1, limit: 2, order: descending })).toEqual([8, 7])
  })

  it('is left out in the partition', async () => {
    await fill(client, 0, 10)
    network.answers.length = 0
    await client.query(query({ offset: 8 }))
    expect(network.answers).toMatchObject([{ skipped: 8, items: [{}, {}] }])
  })

  it.each([
    ['hashKey', [3, 10, 11]],
    ['sortKey', [11, 2, 12]],
  ] as const)('goes across hash keys, %s first', async (first, expected) => {
    await client.write({
      kind: 'write',
      changes: [0, 1, 2, 3].flatMap((sort) => [put(sort, sort, 'a'), put(sort, 10 + sort, 'b')]),
    })
    const order = { first, hashKey: 'ascending', sortKey: 'ascending' } as const
    const both = query({ spans: spans(ALL, ['a', 'b']), order, offset: 3, limit: 3 })
    expect(numbers(await client.query(both))).toEqual(expected)
    expect(numbers(await client.begin().query(both))).toEqual(expected)
    const pages: unknown[] = []
    for await (const page of client.pages(both, { pageSize: 2 })) pages.push(...numbers(page))
    expect(pages).toEqual(expected)
  })

  it('leaves out rows of several pages', async () => {
    await fill(client, 0, 5_200)
    expect(numbers(await client.query(query({ offset: 5_100, limit: 2 })))).toEqual([5_100, 5_101])
  })

  it('of a partition that does not know it is left out here', async () => {
    await fill(client, 0, 10)
    network.before = async (operation) => {
      if (operation.kind === 'query') Reflect.deleteProperty(operation, 'skip')
    }
    expect(numbers(await client.query(query({ offset: 2, limit: 3 })))).toEqual([2, 3, 4])
  })

  it('of whole keys counts those that are there', async () => {
    await fill(client, 0, 3)
    const keys = [key(2), key(7), key(0), key(1)]
    const found = { kind: 'batchGet', keys, order: query().order, offset: 1 } as const
    expect(numbers((await client.batchGet(found)).map(({ item }) => item))).toEqual([1, 2])
    expect(numbers((await client.begin().batchGet(found)).map(({ item }) => item))).toEqual([1, 2])
  })

  it('is a count', async () => {
    await expect(client.query(query({ offset: -1 }))).rejects.toThrow(InvalidRequestError)
    await expect(client.query(query({ offset: 0.5 }))).rejects.toThrow(InvalidRequestError)
  })
})

describe('an alteration', () => {
  it('changes all rows of an interval that pass, and says so', async () => {
    await fill(client, 0, 10)
    const filter = compare(column('n'), '>', 3)
    const { changes } = await client.alter(
      alter(add(100), { spans: spans(between(2, 7), ['h']), filter, returning: 'all' }),
    )
    expect(numbers(changes.map((change) => (change.made ? change.item : undefined)))).toEqual([104, 105, 106])
    expect(await read()).toEqual([0, 1, 2, 3, 104, 105, 106, 7, 8, 9])
  })

  it('is one read and one transaction', async () => {
    await fill(client, 0, 3)
    network.requests.length = 0
    await client.alter(alter({ kind: 'delete' }))
    expect(network.requests.map(({ kind }) => kind)).toEqual(['query', 'transact'])
    expect(await read()).toEqual([])
  })

  it('of nothing writes nothing', async () => {
    network.requests.length = 0
    expect(await client.alter(alter(add(1)))).toEqual({ changes: [] })
    expect(network.requests.map(({ kind }) => kind)).toEqual(['query'])
  })

  it('changes rows of several hash keys at one moment', async () => {
    await client.write({ kind: 'write', changes: [put(0, 1, 'a'), put(0, 2, 'b')] })
    const { changes } = await client.alter(alter(add(10), { spans: spans(ALL, ['b', 'a', 'c']) }))
    expect(changes).toHaveLength(2)
    expect([await read(client, 'a'), await read(client, 'b')]).toEqual([[11], [12]])
  })

  it('changes a row too that came while it looked', async () => {
    await fill(client, 0, 3)
    let came = false
    network.before = async ({ kind }) => {
      if (kind !== 'transact' || came) return
      came = true
      await client.write({ kind: 'write', changes: [put(7, 7)] })
    }
    await client.alter(alter(add(100)))
    expect(await read()).toEqual([100, 101, 102, 107])
  })

  it('gives up when others change its interval all the time', async () => {
    await fill(client, 0, 3)
    let n = 10
    network.before = async ({ kind }) => {
      if (kind === 'transact') await client.write({ kind: 'write', changes: [put(7, n++)] })
    }
    await expect(client.alter(alter(add(100)))).rejects.toThrow(TransactionConflictError)
    network.before = async () => {}
    expect((await read()).slice(0, 3)).toEqual([0, 1, 2])
  })

  it('of more rows than a statement changes is refused, and changes none', async () => {
    await fill(client, 0, 1_001)
    await expect(client.alter(alter({ kind: 'delete' }))).rejects.toThrow(LimitError)
    expect(await read()).toHaveLength(1_001)
    const { changes } = await client.alter(
      alter({ kind: 'delete' }, { spans: spans(between(0, 1_000), ['h']) }),
    )
    expect(changes).toHaveLength(1_000)
    expect(await read()).toEqual([1_000])
  })

  it('that fails for one row changes none, and says why', async () => {
    await client.write({ kind: 'write', changes: [put(0, 1), put(1, 'many')] })
    await expect(client.alter(alter(add(1)))).rejects.toThrow(TypeMismatchError)
    expect(await read()).toEqual([1, 'many'])
  })

  describe('in a transaction', () => {
    it('changes what the transaction has written, and is undone with it', async () => {
      await fill(client, 0, 3)
      const block = client.begin()
      await block.write({ kind: 'write', changes: [put(9, 9), { kind: 'delete', key: key(0) }] })
      const savepoint = block.savepoint()
      const { changes } = await block.alter(alter(add(100), { returning: 'all' }))
      expect(numbers(changes.map((change) => (change.made ? change.item : undefined)))).toEqual([
        101, 102, 109,
      ])
      block.rollbackTo(savepoint)
      await block.alter(alter({ kind: 'delete' }, { filter: above(5) }))
      expect(await read(block)).toEqual([1, 2])
      await block.commit()
      expect(await read()).toEqual([1, 2])
    })

    it('conflicts with a row that comes into its interval', async () => {
      await fill(client, 0, 3)
      const block = client.begin()
      await block.alter(alter(add(100)))
      await client.write({ kind: 'write', changes: [put(7, 7)] })
      await expect(block.commit()).rejects.toThrow(TransactionConflictError)
      expect(await read()).toEqual([0, 1, 2, 7])
    })

    it('of too many rows is refused, and the transaction goes on', async () => {
      await fill(client, 0, 101)
      const block = client.begin()
      await expect(block.alter(alter(add(1)))).rejects.toThrow(LimitError)
      await block.alter(alter(add(1), { spans: spans(between(0, 2), ['h']) }))
      await block.commit()
      expect((await read()).slice(0, 3)).toEqual([1, 2, 2])
    })

    it('that only reads is refused', async () => {
      const block = client.begin({ readOnly: true })
      await expect(block.alter(alter(add(1)))).rejects.toThrow(InvalidRequestError)
    })

    it('finds nothing and writes nothing', async () => {
      const block = client.begin()
      expect(await block.alter(alter(add(1)))).toEqual({ changes: [] })
      await block.commit()
    })
  })

  const above = (n: number): Expression => compare(column('n'), '>', value(n))
})
