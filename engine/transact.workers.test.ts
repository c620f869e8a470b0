import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  ConditionFailedError,
  ConstraintError,
  calculate,
  column,
  compare,
  exists,
  InvalidRequestError,
  LimitError,
  type Operand,
  openStore,
  type Store,
  type TransactWriteItem,
  value,
} from './index.js'
import { encodeKey } from './keys/key-codec.js'
import { workOf } from './runtime/work-of.js'
import { rootOf } from './topology/partition-name.js'

const ROOTS = 16

interface Stub {
  execute(request: { operation: { kind: string } }): Promise<unknown>
}
const namespace = (env as unknown as { FOKOS_PARTITION: { getByName(name: string): Stub } }).FOKOS_PARTITION

let databases = 0
/** A store of its own, whose calls are noted. */
function open() {
  const database = `transact-${databases++}`
  const calls: string[] = []
  const bindings = {
    ...(env as object),
    FOKOS_PARTITION: {
      getByName: (name: string) => ({
        execute(request: { operation: { kind: string } }) {
          calls.push(request.operation.kind)
          return namespace.getByName(name).execute(request)
        },
      }),
    },
  }
  return { store: openStore(bindings, { database }), calls, database }
}

/** Hash keys, each in another partition. */
function apart(database: string, count: number): string[] {
  const names = Array.from({ length: 500 }, (_, i) => `k${i}`)
  const owners = new Map(names.map((name) => [rootOf(database, encodeKey([name]), ROOTS), name]))
  return [...owners.values()].slice(0, count)
}

/** Two hash keys of one partition. */
function beside(database: string): [string, string] {
  const owner = rootOf(database, encodeKey(['k0']), ROOTS)
  const other = Array.from({ length: 500 }, (_, i) => `l${i}`).find(
    (name) => rootOf(database, encodeKey([name]), ROOTS) === owner,
  )
  return ['k0', other as string]
}

const coins = (n: number) => ({ coins: n })
const give = (to: string, n: number): TransactWriteItem => ({
  kind: 'update',
  key: { hashKey: to },
  set: { coins: calculate(column('coins'), '+', value(n)) },
})
const take = (from: string, n: number): TransactWriteItem => ({
  ...(give(from, -n) as TransactWriteItem & { kind: 'update' }),
  condition: compare(column('coins'), '>=', value(n)),
})
const balance = async (store: Store, name: string) => (await store.get({ hashKey: name }))?.value.coins

/** What the partitions of some hash keys do for a transaction. */
function count(database: string, hashKeys: readonly string[], transaction: () => Promise<unknown>) {
  const owners = new Set(hashKeys.map((name) => rootOf(database, encodeKey([name]), ROOTS)))
  return workOf(
    [...owners].map((owner) => namespace.getByName(owner) as never),
    transaction,
  )
}

describe('a transaction that writes', () => {
  it('moves coins between partitions, or does not', async () => {
    const { store, database } = open()
    const [ann, bob] = apart(database, 2) as [string, string]
    await store.put({ hashKey: ann }, coins(7))
    await store.put({ hashKey: bob }, coins(0))
    await store.transactWrite([take(ann, 5), give(bob, 5)])
    expect([await balance(store, ann), await balance(store, bob)]).toEqual([2, 5])
    const refused = store.transactWrite([give(bob, 5), take(ann, 5)])
    await expect(refused).rejects.toMatchObject({
      code: 'condition_failed',
      details: {
        index: 1,
        reasons: [null, { code: 'condition_failed', message: 'the condition does not hold' }],
      },
    })
    expect([await balance(store, ann), await balance(store, bob)]).toEqual([2, 5])
  })

  it('gives every item its reason, in order, wherever the items are', async () => {
    const { store, database } = open()
    const [a, b, c, d] = apart(database, 4) as [string, string, string, string]
    await store.put({ hashKey: b }, coins(1))
    const error = await store
      .transactWrite([
        { kind: 'put', key: { hashKey: a }, value: coins(1), condition: exists() },
        { kind: 'insert', key: { hashKey: b }, value: coins(1) },
        { kind: 'check', key: { hashKey: c }, condition: exists() },
        give(d, 1),
      ])
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConditionFailedError)
    expect((error as ConditionFailedError).details.reasons).toEqual([
      { code: 'condition_failed', message: 'the condition does not hold' },
      { code: 'constraint', message: 'an item with this key exists already' },
      { code: 'condition_failed', message: 'the condition does not hold' },
      { code: 'condition_failed', message: 'there is no item with this key' },
    ])
    expect(await store.getMany([{ hashKey: a }, { hashKey: c }, { hashKey: d }])).toEqual([null, null, null])
  })

  it('sees in later items what earlier ones wrote', async () => {
    const { store } = open()
    await store.transactWrite([
      { kind: 'insert', key: { hashKey: 'a' }, value: coins(1) },
      give('a', 2),
      { kind: 'check', key: { hashKey: 'a' }, condition: compare(column('coins'), '=', value(3)) },
      { kind: 'delete', key: { hashKey: 'b' } },
    ])
    expect(await balance(store, 'a')).toBe(3)
    const refused = store.transactWrite([
      { kind: 'delete', key: { hashKey: 'a' }, condition: compare(column('coins'), '>', value(3)) },
    ])
    await expect(refused).rejects.toThrow(ConditionFailedError)
  })

  it('with a token happens once, and is refused for other items', async () => {
    const { store, database } = open()
    const [ann, bob] = apart(database, 2) as [string, string]
    await store.put({ hashKey: ann }, coins(10))
    await store.put({ hashKey: bob }, coins(0))
    const transfer = () => store.transactWrite([take(ann, 4), give(bob, 4)], { token: 'transfer-1' })
    await transfer()
    await Promise.all([transfer(), transfer()])
    expect([await balance(store, ann), await balance(store, bob)]).toEqual([6, 4])
    await expect(store.transactWrite([take(ann, 5)], { token: 'transfer-1' })).rejects.toThrow(
      /token was given to another transaction/,
    )
    const insert: TransactWriteItem = { kind: 'insert', key: { hashKey: ann }, value: coins(0) }
    await expect(store.transactWrite([insert], { token: 'x' })).rejects.toThrow(ConstraintError)
    await store.delete({ hashKey: ann })
    await expect(store.transactWrite([insert], { token: 'x' })).rejects.toThrow(ConstraintError)
    expect(await balance(store, ann)).toBeUndefined()
    await expect(store.transactWrite([insert], { token: '' })).rejects.toThrow(InvalidRequestError)
  })

  it('with a token is told from another one by values of every kind', async () => {
    const { store } = open()
    await store.put({ hashKey: 'a' }, { n: 1n })
    const set = (n: Operand) =>
      store.transactWrite([{ kind: 'update', key: { hashKey: 'a' }, set: { n: value(n as never) } }], {
        token: 'set',
      })
    await set(5n)
    await set(5n)
    for (const other of [5, 6n, '5', null, Number.POSITIVE_INFINITY, new Map([['x', 1]])]) {
      await expect(set(other as Operand)).rejects.toThrow(/token was given to another/)
    }
    expect((await store.get({ hashKey: 'a' }))?.value).toEqual({ n: 5n })
  })

  it('has limits, and fields that are known', async () => {
    const { store, calls } = open()
    const many = Array.from({ length: 101 }, (_, i) => give(`k${i}`, 1))
    await expect(store.transactWrite(many)).rejects.toThrow(LimitError)
    await expect(store.transactRead(many.map(({ key }) => ({ kind: 'get', key })))).rejects.toThrow(
      LimitError,
    )
    const large = Array.from(
      { length: 10 },
      (_, i): TransactWriteItem => ({
        kind: 'put',
        key: { hashKey: i },
        value: { x: 'x'.repeat(450_000) },
      }),
    )
    await expect(store.transactWrite(large)).rejects.toThrow(/at most 4000000 bytes/)
    await expect(store.transactWrite([])).rejects.toThrow(InvalidRequestError)
    await expect(store.transactWrite([{ ...give('a', 1), when: 1 } as never])).rejects.toThrow(/"when"/)
    await expect(store.transactWrite([{ kind: 'merge' } as never])).rejects.toThrow(/merge/)
    expect(calls).toEqual([])
  })

  it('of a hundred large items over all partitions is one', async () => {
    const { store } = open()
    const items = Array.from(
      { length: 100 },
      (_, i): TransactWriteItem => ({
        kind: 'put',
        key: { hashKey: i },
        value: { x: 'x'.repeat(39_000), i },
      }),
    )
    await store.transactWrite(items)
    const found = await store.transactRead(items.map(({ key }) => ({ kind: 'get', key })))
    expect(found.map((item) => item?.value.i)).toEqual(items.map((_, i) => i))
  })
})

describe('a transaction that reads', () => {
  it('sees items and intervals of several partitions at one moment', async () => {
    const { store, database } = open()
    const [cart, user] = apart(database, 2) as [string, string]
    await store.put({ hashKey: user }, coins(3))
    for (let i = 0; i < 4; i++) await store.put({ hashKey: cart, sortKey: ['line', i] }, { i })
    const [lines, found, none] = await store.transactRead([
      { kind: 'query', query: { hashKey: cart, prefix: 'line', from: 2 } },
      { kind: 'get', key: { hashKey: user } },
      { kind: 'get', key: { hashKey: user, sortKey: 'x' } },
    ])
    expect(lines).toEqual([
      { sortKey: ['line', 2], value: { i: 2 } },
      { sortKey: ['line', 3], value: { i: 3 } },
    ])
    expect(found?.value).toEqual(coins(3))
    expect(none).toBeNull()
  })

  it('never sees half of what others write', async () => {
    const { store, database } = open()
    const names = apart(database, 3)
    for (const name of names) await store.put({ hashKey: name }, coins(100))
    let moving = true
    const move = async (from: string, to: string) => {
      for (let i = 0; i < 40; i++) await store.transactWrite([take(from, 1), give(to, 1)])
    }
    const moves = Promise.all(names.map((name, i) => move(name, names[(i + 1) % 3] as string))).finally(
      () => {
        moving = false
      },
    )
    let looks = 0
    while (moving) {
      // Calls alone never let a timer come to its turn here.
      await scheduler.wait(1)
      const found = await store
        .transactRead(names.map((name) => ({ kind: 'get', key: { hashKey: name } }) as const))
        .catch((error) => {
          if (error.code !== 'transaction_conflict') throw error
        })
      if (found === undefined) continue
      expect(found.reduce((sum, item) => sum + (item?.value.coins as number), 0)).toBe(300)
      looks++
    }
    await moves
    expect(looks).toBeGreaterThan(0)
  })
})

describe('the cost of a transaction', () => {
  it('in one partition is one call, and one row beside its items', async () => {
    const { store, calls, database } = open()
    const [a, b] = beside(database)
    await store.put({ hashKey: a }, coins(5))
    await store.put({ hashKey: b }, coins(5))
    calls.length = 0
    const work = await count(database, [a, b], () => store.transactWrite([take(a, 1), give(b, 1)]))
    expect(calls).toEqual(['transact'])
    expect(work).toMatchObject({ written: 3, calls: ['transact', 'answer'] })
  })

  it('in two partitions is two calls before its answer and one after it, and five rows', async () => {
    const { store, database } = open()
    const [a, b] = apart(database, 2) as [string, string]
    await store.put({ hashKey: a }, coins(5))
    await store.put({ hashKey: b }, coins(5))
    const work = await count(database, [a, b], () => store.transactWrite([take(a, 1), give(b, 1)]))
    expect(work.calls.filter((call) => call !== 'answer')).toEqual(['transact', 'prepare', 'finish'])
    expect(work.calls.indexOf('answer')).toBeGreaterThan(work.calls.indexOf('prepare'))
    // Two items, the record, and the part, which is stored and removed. The record goes ten minutes later.
    expect(work.written).toBe(5)
  })
})
