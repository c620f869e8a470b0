import { beforeEach, describe, expect, it } from 'vitest'
import { ConstraintError, InvalidRequestError, LimitError, TransactionConflictError } from '../errors.js'
import { calculate, column, compare, value } from '../expressions/build.js'
import { type Interval, tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import type { Change, ItemKey, PartitionTransact, PartitionValidate, QueryOperation } from '../operations.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import type { Client } from './client.js'
import { Network } from './test-network.js'
import type { BlockOptions, TransactionBlock } from './transaction-block.js'

const key = (sort: number, hash = 'h'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
const put = (sort: number, n: number, hash = 'h'): Change => ({
  kind: 'put',
  key: key(sort, hash),
  item: encodeItem({ n }),
})
const insert = (sort: number, n: number, onExisting: 'error' | 'ignore' = 'error'): Change => ({
  kind: 'insert',
  key: key(sort),
  item: encodeItem({ n }),
  onExisting,
})
const remove = (sort: number): Change => ({ kind: 'delete', key: key(sort) })
const add = (sort: number, n: number): Change => ({
  kind: 'update',
  key: key(sort),
  assignments: [{ column: 'n', value: calculate(column('n'), '+', n) }],
})
const addIf = (sort: number, n: number, least: number): Change => ({
  ...(add(sort, n) as Change & { kind: 'update' }),
  condition: compare(column('n'), '>=', least),
})

const everything = tuplesUnder(new Uint8Array())
const between = (from: number, to: number): Interval => ({ from: encodeKey([from]), to: encodeKey([to]) })
const query = (
  more: Partial<QueryOperation> = {},
  interval = everything,
  hashes = ['h'],
): QueryOperation => ({
  kind: 'query',
  spans: hashes.map((hash) => ({ hashKey: encodeKey([hash]), interval })),
  order: { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' },
  ...more,
})
const descending = { first: 'hashKey', hashKey: 'ascending', sortKey: 'descending' } as const
const byHash = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' } as const
const bySort = { first: 'sortKey', hashKey: 'ascending', sortKey: 'ascending' } as const
const numbers = (items: readonly ItemText[]) => items.map((item) => decodeItem(item).n)

let network: Network
let client: Client
let block: TransactionBlock
beforeEach(async () => {
  network = new Network()
  client = network.client
  begin()
})

function begin(options?: BlockOptions): TransactionBlock {
  block = client.begin(options)
  return block
}

/** Writes outside of the block. */
async function outside(...changes: Change[]): Promise<void> {
  for (const change of changes) await client.write({ kind: 'write', changes: [change] })
  network.requests.length = 0
  network.answers.length = 0
}
const stored = async (sort: number, hash = 'h') => {
  const found = await client.get({ kind: 'get', key: key(sort, hash) })
  return found === null ? null : decodeItem(found.item).n
}
const get = async (sort: number, hash = 'h') => {
  const found = await block.get({ kind: 'get', key: key(sort, hash) })
  return found === null ? null : decodeItem(found.item).n
}
const write = (...changes: Change[]) => block.write({ kind: 'write', changes })
const made = async (...changes: Change[]) => (await write(...changes)).changes.map((change) => change.made)
const asked = () => network.requests.map(({ kind }) => kind)
const sent = () => network.requests.find(({ kind }) => kind === 'transact') as PartitionTransact
const sentChanges = () => sent().part.changes.map(({ change, allow }) => ({ kind: change.kind, allow }))
const ten = Array.from({ length: 10 }, (_, n) => put(n, n))

describe('a transaction', () => {
  it('reads its own writes before they are committed, and nobody else does', async () => {
    await write(put(1, 1))
    expect(await get(1)).toBe(1)
    expect(await stored(1)).toBe(null)
    await block.commit()
    expect(await stored(1)).toBe(1)
  })

  it('that reads and writes one row is a read and a commit', async () => {
    await outside(put(1, 1))
    expect(await get(1)).toBe(1)
    await write(put(1, 2))
    await block.commit()
    expect(asked()).toEqual(['batchGet', 'transact'])
    expect(await stored(1)).toBe(2)
  })

  it('that did nothing costs nothing', async () => {
    await block.commit()
    expect(asked()).toEqual([])
  })

  it('that read once commits without a call, one that read more is validated', async () => {
    await outside(put(1, 1))
    await get(1)
    await get(1)
    await block.commit()
    expect(asked()).toEqual(['batchGet'])
    begin()
    await get(1)
    await get(2)
    await block.commit()
    expect(asked()).toEqual(['batchGet', 'batchGet', 'batchGet', 'validate'])
  })

  it('that is abandoned leaves nothing and sends nothing', async () => {
    await write(put(1, 1))
    block.abandon()
    expect(asked()).toEqual([])
    await expect(get(1)).rejects.toThrow(/over/)
    await expect(block.commit()).rejects.toThrow(/over/)
  })

  it('fails when a row that it read was changed', async () => {
    await outside(put(1, 1))
    await get(1)
    await outside(put(1, 5))
    await write(put(2, 2))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    expect(await stored(2)).toBe(null)
  })

  it('fails when a row that was not there has come', async () => {
    expect(await get(1)).toBe(null)
    await outside(put(1, 5))
    await write(put(2, 2))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('fails when a row appeared in an interval that it read', async () => {
    await outside(put(1, 1))
    expect(numbers(await block.query(query()))).toEqual([1])
    await outside(put(2, 5))
    await write(put(9, 2, 'g'), put(1, 2))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('does not fail for what it wrote without looking', async () => {
    await write(put(1, 1))
    await outside(put(1, 5))
    await block.commit()
    expect(await stored(1)).toBe(1)
  })

  it('is over after its commit, whatever came of it', async () => {
    await get(1)
    await outside(put(1, 5))
    await write(put(1, 2))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    await expect(block.commit()).rejects.toBeInstanceOf(InvalidRequestError)
    expect(asked().filter((kind) => kind === 'transact').length).toBe(1)
  })

  it('hands on its age, and the conflict as it comes', async () => {
    const age = { at: 17, id: 4 }
    begin({ age })
    await get(1)
    await outside(put(1, 5))
    await write(put(1, 2))
    const error = await block.commit().catch((error) => error)
    expect(sent().age).toEqual(age)
    expect(error.details.age).toBeDefined()
  })

  it('is not committed while a query is still running, nor is that query answered', async () => {
    let answer: () => void = () => {}
    await write(put(1, 1))
    network.before = () => new Promise((resolve) => (answer = resolve))
    const running = get(2)
    await expect(block.commit()).rejects.toThrow('a query is still running')
    answer()
    await expect(running).rejects.toBeInstanceOf(InvalidRequestError)
    expect(asked()).toEqual(['batchGet'])
  })

  it('that is read only refuses to write', async () => {
    begin({ readOnly: true })
    await expect(write(put(1, 1))).rejects.toBeInstanceOf(InvalidRequestError)
    expect(await get(1)).toBe(null)
    await block.commit()
  })
})

describe('repeated reads', () => {
  it('agree, whatever happens meanwhile, and the second is from memory', async () => {
    await outside(put(1, 1))
    expect(await get(1)).toBe(1)
    await outside(put(1, 5))
    expect(await get(1)).toBe(1)
    expect(asked()).toEqual([])
  })

  it('of rows in an interval that was examined are from memory, those of absent rows too', async () => {
    await outside(...ten)
    await block.query(query({}, between(0, 5)))
    network.requests.length = 0
    expect(await get(3)).toBe(3)
    expect(await get(3.5)).toBe(null)
    expect(numbers(await block.query(query({ order: descending }, between(1, 4))))).toEqual([3, 2, 1])
    expect(asked()).toEqual([])
    expect(await get(5)).toBe(5)
    expect(asked()).toEqual(['batchGet'])
  })

  it('of an interval ask only for the parts that are not known', async () => {
    await outside(...ten)
    await block.query(query({}, between(3, 6)))
    network.requests.length = 0
    expect(numbers(await block.query(query()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(network.requests).toMatchObject([
      { interval: { to: key(3).sortKey } },
      { interval: { from: key(6).sortKey } },
    ])
    await write(put(1, 2))
    await block.commit()
    expect(sent().part.seen).toMatchObject({ items: [], intervals: [{ interval: everything }] })
  })

  it('of intervals that touch are one, as old as the oldest of them', async () => {
    await outside(...ten)
    await block.query(query({}, between(0, 5)))
    const { asOf } = network.answers[0] as { asOf: number }
    await outside(put(20, 20))
    await block.query(query({}, between(5, 9)))
    await write(put(30, 30))
    await block.commit()
    expect(sent().part.seen.intervals).toMatchObject([{ interval: between(0, 9), asOf }])
  })

  it('that disagree are a conflict at once, and the transaction is lost', async () => {
    await outside(...ten)
    await get(3)
    await outside(put(3, 30))
    await expect(block.query(query())).rejects.toBeInstanceOf(TransactionConflictError)
    await expect(get(1)).rejects.toBeInstanceOf(TransactionConflictError)
    await expect(write(put(1, 1))).rejects.toBeInstanceOf(TransactionConflictError)
    network.requests.length = 0
    await expect(block.commit()).rejects.toMatchObject({ details: { sortKey: key(3).sortKey } })
    expect(asked()).toEqual([])
  })

  it.each([
    ['came', [], put(3, 3)],
    ['went', [put(3, 3)], remove(3)],
  ])('disagree about a row that %s', async (_, before, change) => {
    await outside(...before)
    await get(3)
    await outside(change)
    await expect(block.query(query())).rejects.toBeInstanceOf(TransactionConflictError)
  })
})

describe('a query in a transaction', () => {
  beforeEach(() => outside(...ten))

  it('sees the buffered writes in their places', async () => {
    await write(put(2.5, 25), put(7, 70), remove(4), put(11, 110))
    expect(numbers(await block.query(query()))).toEqual([0, 1, 2, 25, 3, 5, 6, 70, 8, 9, 110])
    expect(numbers(await block.query(query({ order: descending, limit: 4 })))).toEqual([110, 9, 8, 70])
  })

  it('filters and projects what the buffer makes of the rows', async () => {
    await write(put(2, 200), put(8, 0))
    const items = await block.query(
      query({
        filter: compare(column('n'), '>', 6),
        projection: [{ kind: 'computed', name: 'n', value: calculate(column('n'), '*', 10) } as never],
      }),
    )
    expect(numbers(items)).toEqual([2_000, 70, 90])
  })

  it('with a limit examines no more than it needs', async () => {
    expect(numbers(await block.query(query({ limit: 3 })))).toEqual([0, 1, 2])
    await write(put(1, 1))
    await block.commit()
    expect(network.requests[0]).toMatchObject({ limit: 3 })
    const [seen] = sent().part.seen.intervals
    expect(seen?.interval.from).toEqual(everything.from)
    expect(Buffer.compare(seen?.interval.to as Uint8Array, key(2).sortKey)).toBe(1)
    expect(Buffer.compare(seen?.interval.to as Uint8Array, key(2.5).sortKey)).toBe(-1)
  })

  it('with a limit and a filter has examined up to the last row that it answers', async () => {
    const filter = compare(column('n'), '>=', 4)
    expect(numbers(await block.query(query({ limit: 2, filter })))).toEqual([4, 5])
    await outside(put(6, 60))
    await write(put(9, 9))
    await block.commit()
    begin()
    expect(numbers(await block.query(query({ limit: 2, filter, order: descending })))).toEqual([9, 8])
    await outside(put(7, 70))
    await write(put(1, 1))
    await block.commit()
    begin()
    expect(numbers(await block.query(query({ limit: 2, filter })))).toEqual([4, 5])
    await outside(put(0, 1))
    await write(put(9, 9))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('with a limit makes up for rows that the buffer deletes, in one call', async () => {
    await write(remove(0), remove(1))
    network.requests.length = 0
    expect(numbers(await block.query(query({ limit: 2 })))).toEqual([2, 3])
    expect(asked()).toEqual(['query'])
  })

  it('goes on from page to page, and what no page has come to was not looked at', async () => {
    const pages: unknown[] = []
    for await (const page of block.pages(query(), { pageSize: 4 })) {
      pages.push(numbers(page))
      if (pages.length === 2) break
    }
    expect(pages).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ])
    await outside(put(8, 80))
    await write(put(1, 1))
    await block.commit()
  })

  it('of several hash keys keeps both orders', async () => {
    await outside(put(1.5, 15, 'g'), put(20, 200, 'g'))
    await write(put(2.5, 25, 'g'))
    expect(numbers(await block.query(query({}, everything, ['h', 'g'])))).toEqual([
      15, 25, 200, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ])
    const merged = query(
      { limit: 5, order: { first: 'sortKey', hashKey: 'ascending', sortKey: 'ascending' } },
      everything,
      ['h', 'g'],
    )
    expect(numbers(await block.query(merged))).toEqual([0, 1, 15, 2, 25])
    expect(numbers(await block.query(query({ limit: 2 }, everything, ['h', 'g'])))).toEqual([15, 25])
  })

  it('of several hash keys with a limit looks at none of a later one than it needs', async () => {
    await outside(put(1.5, 15, 'g'))
    expect(numbers(await block.query(query({ limit: 2 }, everything, ['h', 'g'])))).toEqual([15, 0])
    await outside(put(1, 10))
    await write(put(20, 20))
    await block.commit()
  })

  it.each([{ order: byHash }, { order: bySort }])(
    'of several hash keys leaves out rows in front, and shows as many behind them, ordered by $order.first',
    async ({ order }) => {
      await outside(...ten, put(0, 20, 'i'))
      const window = (offset: number, limit?: number) =>
        block.query(
          query({ order, offset, ...(limit === undefined ? {} : { limit }) }, everything, ['h', 'i']),
        )
      const all = numbers(await client.query(query({ order }, everything, ['h', 'i'])))
      expect(numbers(await window(3, 4))).toEqual(all.slice(3, 7))
      expect(numbers(await window(8))).toEqual(all.slice(8))
      expect(numbers(await window(11, 4))).toEqual([])
    },
  )

  it('gets many rows in the order that is wanted', async () => {
    await write(put(3, 30), remove(4))
    const found = await block.batchGet({
      kind: 'batchGet',
      keys: [key(1), key(4), key(3), key(77)],
      order: descending,
    })
    expect(numbers(found.map(({ item }) => item))).toEqual([30, 1])
  })
})

describe('a write in a transaction', () => {
  it('says at once what it will come to', async () => {
    await outside(put(1, 10))
    expect(await made(add(1, 1), add(2, 1), addIf(1, 1, 50), insert(3, 3), insert(3, 4, 'ignore'))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    expect(await made(remove(1), remove(1))).toEqual([true, false])
    expect(await get(1)).toBe(null)
  })

  it('of rows that nobody read travels as it is, bound to its row count', async () => {
    await outside(put(1, 10))
    await write(addIf(1, -1, 5), add(2, 1), addIf(1, -1, 50))
    await outside(put(1, 20))
    await block.commit()
    expect(sentChanges()).toEqual([
      { kind: 'update', allow: ['made'] },
      { kind: 'update', allow: ['exists', 'absent', 'condition'] },
      { kind: 'update', allow: ['exists', 'absent', 'condition'] },
    ])
    expect(sent().part.seen).toEqual({ items: [], intervals: [] })
    expect(await stored(1)).toBe(19)
  })

  it('fails at the commit when its row count would be another', async () => {
    await outside(put(1, 10))
    await write(addIf(1, -1, 5))
    await outside(put(1, 1))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    begin()
    expect(await made(add(2, 1))).toEqual([false])
    await outside(put(2, 1))
    await write(put(5, 5))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('of a row that is read, before or after, is one last put, and the row must be as it was', async () => {
    await outside(put(1, 10))
    await write(add(1, 1))
    expect(await get(1)).toBe(11)
    await write(add(1, 1))
    await block.commit()
    expect(sentChanges()).toEqual([{ kind: 'put', allow: undefined }])
    expect(sent().part.seen.items.length).toBe(1)
    network.requests.length = 0
    begin()
    await write(add(1, 1))
    await block.query(query())
    await outside(put(1, 20))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    expect(sentChanges()).toEqual([{ kind: 'put', allow: undefined }])
  })

  it('that returns the row has read it', async () => {
    await outside(put(1, 10))
    const result = await block.write({ kind: 'write', changes: [add(1, 1)], returning: 'all' })
    expect(result.changes[0]).toMatchObject({ made: true, item: encodeItem({ n: 11 }) })
    await outside(put(1, 20))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('over a put of its own needs no read, and becomes one put', async () => {
    await write(put(1, 1))
    await write(add(1, 1), add(1, 1))
    await block.commit()
    expect(asked()).toEqual(['transact'])
    expect(sentChanges()).toEqual([{ kind: 'put', allow: undefined }])
    expect(await stored(1)).toBe(3)
  })

  it('that deletes what it put deletes what was there', async () => {
    await outside(put(1, 1))
    await write(put(1, 2), remove(1))
    expect(await get(1)).toBe(null)
    await block.commit()
    expect(sentChanges()).toEqual([{ kind: 'delete', allow: undefined }])
    expect(await stored(1)).toBe(null)
  })

  it('that comes to nothing where nothing was is not sent', async () => {
    expect(await get(1)).toBe(null)
    await write(insert(1, 1))
    await write(remove(1))
    await block.commit()
    expect(asked()).toEqual(['batchGet'])
  })

  it('that fails leaves nothing, and what it told is read', async () => {
    await outside(put(1, 10))
    await expect(write(put(2, 2), insert(1, 1))).rejects.toBeInstanceOf(ConstraintError)
    expect(await get(2)).toBe(null)
    await write(put(3, 3))
    await outside(remove(1))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })

  it('puts over a count of a row that it did not read keep the count', async () => {
    await outside(put(1, 10))
    await write(addIf(1, 1, 5))
    await write(put(1, 7))
    await write(add(1, 1))
    await block.commit()
    expect(sentChanges()).toEqual([
      { kind: 'update', allow: ['made'] },
      { kind: 'put', allow: undefined },
    ])
    expect(await stored(1)).toBe(8)
  })

  it('that names a hash key alone reads that there is no other', async () => {
    await outside(put(1, 10))
    const alone = { ...add(1, 1), aloneIn: everything } as Change
    expect(await made(alone)).toEqual([true])
    await outside(put(2, 2))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    begin()
    await expect(write(alone)).rejects.toBeInstanceOf(InvalidRequestError)
  })

  it('that names a hash key alone finds another row behind one that it deletes itself', async () => {
    await outside(put(1, 10), put(3, 30))
    await write(put(2, 20))
    const alone = { ...add(1, 1), aloneIn: everything } as Change
    await expect(write(remove(2), alone)).rejects.toBeInstanceOf(InvalidRequestError)
  })

  it('that changes nothing in the end is validated, not sent', async () => {
    expect(await made(add(1, 1), remove(2))).toEqual([false, false])
    await block.commit()
    expect(asked()).toEqual(['batchGet'])
    begin()
    await write(add(1, 1))
    await get(5)
    await outside(put(1, 1))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    expect((network.requests[0] as PartitionValidate).kind).toBe('validate')
  })

  it('checks a condition of a row that it does not change', async () => {
    await outside(put(1, 10))
    const check: Change = { kind: 'check', key: key(1), condition: compare(column('n'), '=', value(10)) }
    expect(await made(check, put(2, 2))).toEqual([true, true])
    await outside(put(1, 11))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    begin()
    await outside(put(1, 10))
    await write(check)
    await block.commit()
    expect(asked()).toEqual(['batchGet'])
  })
})

describe('a savepoint', () => {
  it('takes back what was written since, and nothing else', async () => {
    await write(put(1, 1))
    const savepoint = block.savepoint()
    await write(put(1, 2), put(2, 2))
    expect(await get(1)).toBe(2)
    block.rollbackTo(savepoint)
    expect([await get(1), await get(2)]).toEqual([1, null])
    await write(put(3, 3))
    block.rollbackTo(savepoint)
    await block.commit()
    expect([await stored(1), await stored(2), await stored(3)]).toEqual([1, null, null])
  })

  it('does not take back what was told', async () => {
    await outside(put(1, 10))
    const savepoint = block.savepoint()
    await write(addIf(1, 1, 5))
    block.rollbackTo(savepoint)
    await write(put(2, 2))
    await outside(put(1, 1))
    await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
  })
})

describe('coming back to a savepoint', () => {
  it('leaves rows alone that were only counted before it', async () => {
    await outside(put(1, 10))
    await write(add(1, 1))
    const savepoint = block.savepoint()
    await write(put(2, 2))
    block.rollbackTo(savepoint)
    await outside(put(1, 20))
    await block.commit()
    expect(await stored(1)).toBe(21)
  })
})

describe('the limits of a transaction', () => {
  it('are 100 rows written', async () => {
    await write(...Array.from({ length: 100 }, (_, n) => put(n, n)))
    await expect(write(put(100, 1))).rejects.toBeInstanceOf(LimitError)
    expect(await made(put(99, 1))).toEqual([true])
    await block.commit()
    expect(await stored(99)).toBe(1)
    expect(await stored(100)).toBe(null)
  })

  it('are 4 MB written', async () => {
    const large = (sort: number): Change => ({
      kind: 'put',
      key: key(sort),
      item: encodeItem({ text: 'x'.repeat(490_000) }),
    })
    for (let sort = 0; sort < 8; sort++) await write(large(sort))
    await expect(write(large(8))).rejects.toThrow(/at most 4000000 bytes/)
    await write(large(7))
  })

  it('are 1,000 changes that are carried', async () => {
    await outside(put(1, 0))
    for (let n = 0; n < 1_000; n++) await write(add(1, 1))
    await expect(write(add(1, 1))).rejects.toThrow(/1000 changes/)
    await get(1)
    await write(add(1, 1))
    await block.commit()
    expect(await stored(1)).toBe(1_001)
  })

  it('are 10,000 rows looked at', async () => {
    for (let begun = 0; begun < 10_001; begun += 1_000) {
      const changes = Array.from({ length: Math.min(1_000, 10_001 - begun) }, (_, n) => put(begun + n, n))
      await client.write({ kind: 'write', changes })
    }
    expect((await block.query(query({ limit: 10_000 }))).length).toBe(10_000)
    await expect(get(10_000)).rejects.toThrow(/no more than 10000 rows/)
    expect(await get(5_000)).toBe(0)
    begin()
    await expect(block.query(query())).rejects.toBeInstanceOf(LimitError)
  })

  it('are 16 million characters looked at', async () => {
    const text = 'x'.repeat(490_000)
    for (let sort = 0; sort < 33; sort++) {
      await client.write({
        kind: 'write',
        changes: [{ kind: 'put', key: key(sort), item: encodeItem({ text }) }],
      })
    }
    await expect(block.query(query())).rejects.toThrow(/no more than 16000000 characters/)
  })

  it('are those of items and keys, at the statement', async () => {
    begin({ limits: { ...DEFAULT_SETTINGS.limits, itemBytes: 10 } })
    await expect(write(put(1, 10 ** 9))).rejects.toBeInstanceOf(LimitError)
    const long: ItemKey = { ...key(1), sortKey: new Uint8Array(1_025) }
    await expect(write({ kind: 'delete', key: long })).rejects.toBeInstanceOf(LimitError)
    expect(asked()).toEqual([])
    await write(put(1, 1))
  })
})

describe('the size of a transaction', () => {
  const big = 'x'.repeat(400_000)

  it('is that of the rows that it writes, however often it writes them', async () => {
    for (let i = 0; i < 9; i++) await outside({ kind: 'put', key: key(i), item: encodeItem({ n: 0, big }) })
    for (let i = 0; i < 9; i++) await write(add(i, 1))
    for (let i = 0; i < 5; i++) await write(add(0, 1))
    await block.commit()
    expect(await stored(0)).toBe(6)
  })

  it('is refused at the statement whose items are too many to send, not at the commit', async () => {
    await outside(put(1, 1))
    const item = encodeItem({ n: 0, big })
    const ignored: Change = { kind: 'insert', key: key(1), item, onExisting: 'ignore' }
    for (let i = 0; i < 9; i++) await write(ignored)
    await expect(write(ignored)).rejects.toThrow(/writes at most 4000000 bytes/)
    await write(put(2, 2))
    await block.commit()
    expect(await stored(2)).toBe(2)
  })

  it('has a limit of ranges, empty ones too', async () => {
    for (let i = 0; i < 1_000; i++) await block.query(query({}, between(2 * i, 2 * i + 1)))
    await expect(block.query(query({}, between(-3, -2)))).rejects.toThrow(/no more than 1000 ranges/)
  })
})

describe('a statement that is aborted', () => {
  it('is not written, whether it was on its way or had nothing to ask', async () => {
    await outside(put(1, 1))
    const controller = new AbortController()
    network.before = async () => controller.abort()
    const { signal } = controller
    await expect(block.write({ kind: 'write', changes: [add(1, 1)] }, { signal })).rejects.toThrow(/abort/)
    await expect(block.write({ kind: 'write', changes: [put(2, 1)] }, { signal })).rejects.toThrow(/abort/)
    await block.commit()
    expect([await stored(1), await stored(2)]).toEqual([1, null])
  })
})
