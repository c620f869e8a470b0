import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  and,
  ConditionFailedError,
  ConfigurationError,
  ConstraintError,
  calculate,
  column,
  compare,
  exists,
  InvalidKeyError,
  InvalidRequestError,
  InvalidValueError,
  not,
  openStore,
  value,
} from './index.js'

let databases = 0
const open = () => openStore(env, { database: `store-${databases++}` })

/** An environment whose partitions must not be called. */
const unreachable = {
  FOKOS_PARTITION: {
    getByName: () => expect.unreachable('nothing is sent'),
  },
  FOKOS_TOPOLOGY: {},
}

describe('the store', () => {
  it('puts, gets and deletes items by key', async () => {
    const store = open()
    const key = { hashKey: 'cart-7', sortKey: ['line', 1] }
    expect(await store.get(key)).toBeNull()
    const version = await store.put(key, { sku: 'A-100', count: 2, at: new Date(5) })
    expect(await store.get(key)).toEqual({ value: { sku: 'A-100', count: 2, at: new Date(5) }, version })
    expect(await store.delete(key)).toBe(true)
    expect(await store.delete(key)).toBe(false)
    expect(await store.get(key)).toBeNull()
  })

  it('takes keys of one part, of several and without a sort key', async () => {
    const store = open()
    await store.put({ hashKey: 7n }, { a: 1 })
    await store.put({ hashKey: ['tenant', 7] }, { a: 2 })
    await store.put({ hashKey: Uint8Array.of(1), sortKey: new Date(0) }, { a: 3 })
    expect((await store.get({ hashKey: [7n] }))?.value).toEqual({ a: 1 })
    expect((await store.get({ hashKey: ['tenant', 7], sortKey: [] }))?.value).toEqual({ a: 2 })
    expect((await store.get({ hashKey: Uint8Array.of(1), sortKey: [new Date(0)] }))?.value).toEqual({ a: 3 })
    await expect(store.put({ hashKey: Number.NaN }, {})).rejects.toThrow(InvalidKeyError)
  })

  it('gets many items in the order of their keys', async () => {
    const store = open()
    for (let i = 0; i < 20; i++) await store.put({ hashKey: i }, { i })
    const found = await store.getMany([{ hashKey: 7 }, { hashKey: 99 }, { hashKey: 3 }, { hashKey: 7 }])
    expect(found.map((item) => item?.value ?? null)).toEqual([{ i: 7 }, null, { i: 3 }, { i: 7 }])
  })

  it('inserts only where nothing is', async () => {
    const store = open()
    await store.insert({ hashKey: 'a' }, { n: 1 })
    await expect(store.insert({ hashKey: 'a' }, { n: 2 })).rejects.toThrow(ConstraintError)
    expect((await store.get({ hashKey: 'a' }))?.value).toEqual({ n: 1 })
  })

  it('updates with expressions over what is there', async () => {
    const store = open()
    await store.put({ hashKey: 'a' }, { n: 1, name: 'old' })
    const updated = await store.update(
      { hashKey: 'a' },
      { n: calculate(column('n'), '*', 10), name: value('new') },
    )
    expect(updated.value).toEqual({ n: 10, name: 'new' })
    expect(await store.get({ hashKey: 'a' })).toEqual(updated)
    const refused = store.update({ hashKey: 'nobody' }, { n: value(1) })
    await expect(refused).rejects.toMatchObject({ code: 'condition_failed', details: { because: 'absent' } })
  })

  it('writes only if a condition holds', async () => {
    const store = open()
    const key = { hashKey: 'seat-12A' }
    await store.put(key, { by: 'ann' }, { condition: not(exists()) })
    await expect(store.put(key, { by: 'bob' }, { condition: not(exists()) })).rejects.toThrow(
      ConditionFailedError,
    )
    const byAnn = and(exists(), compare(column('by'), '=', 'ann'))
    await store.update(key, { by: value('cid') }, { condition: byAnn })
    await expect(store.update(key, { by: value('dan') }, { condition: byAnn })).rejects.toThrow(
      ConditionFailedError,
    )
    await expect(store.delete(key, { condition: byAnn })).rejects.toThrow(ConditionFailedError)
    expect(await store.delete({ hashKey: 'nobody' }, { condition: byAnn })).toBe(false)
    expect((await store.get(key))?.value).toEqual({ by: 'cid' })
  })

  it('queries the items of one hash key in order, within bounds', async () => {
    const store = open()
    for (let i = 0; i < 10; i++) await store.put({ hashKey: 'h', sortKey: ['line', i, 'x'] }, { i })
    await store.put({ hashKey: 'h', sortKey: ['other', 1] }, { i: -1 })
    const all = async (query: object) => {
      const found: unknown[] = []
      for await (const { value } of store.query({ hashKey: 'h', ...query })) found.push(value.i)
      return found
    }
    expect(await all({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1])
    expect(await all({ prefix: 'line', descending: true, limit: 3 })).toEqual([9, 8, 7])
    expect(await all({ prefix: 'line', from: 3, before: 6 })).toEqual([3, 4, 5])
    expect(await all({ prefix: 'line', after: 3, to: 6 })).toEqual([4, 5, 6])
    expect(await all({ prefix: ['line', 4] })).toEqual([4])
    expect(await all({ prefix: 'line', filter: compare(column('i'), '>=', 8) })).toEqual([8, 9])
    expect(await all({ prefix: 'nothing' })).toEqual([])
    await expect(all({ limit: 0 })).rejects.toThrow(/at least 1/)
    for await (const { sortKey } of store.query({ hashKey: 'h', prefix: 'other' }))
      expect(sortKey).toEqual(['other', 1])
  })

  it.each([['text'], [null], [5], [[1]], [new Date(0)]])(
    'puts no %o in the place of an item',
    async (item) => {
      const store = openStore(unreachable)
      await expect(store.put({ hashKey: 'a' }, item as never)).rejects.toThrow(InvalidValueError)
      await expect(store.insert({ hashKey: 'a' }, item as never)).rejects.toThrow(InvalidValueError)
    },
  )

  it('refuses fields that it does not know, instead of doing without them', async () => {
    const store = openStore(unreachable)
    const key = { hashKey: 'a' }
    const misspelt = { conditon: not(exists()) } as object
    const calls = [
      () => store.put(key, {}, misspelt),
      () => store.insert(key, {}, { condition: exists() } as object),
      () => store.update(key, { n: value(1) }, misspelt),
      () => store.delete(key, misspelt),
      () => store.get(key, { singal: undefined } as object),
      () => store.getMany([key], { singal: undefined } as object),
      () => store.query({ hashKey: 'a', desc: true } as never).next(),
      () => store.query({ hashKey: 'a' }, { limit: 1 } as object).next(),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(InvalidRequestError)
    await expect(store.put(key, {}, misspelt)).rejects.toThrow(
      /put: there is no "conditon" here; there are expiresAt, condition, signal/,
    )
  })

  it('refuses an environment without its bindings, and options that it does not know', () => {
    expect(() => openStore({})).toThrow(ConfigurationError)
    expect(() => openStore(env, { root: 3 } as never)).toThrow(/no option "root"/)
    expect(() => openStore(env, { roots: 0 })).toThrow(/roots must be a whole number from 1/)
    // They are the Durable Object class's.
    expect(() => openStore(env, { limits: {} } as never)).toThrow(/no option "limits"/)
  })
})

describe('items that end by themselves', () => {
  afterEach(() => {
    vi.useRealTimers()
  })
  /** From then on. The store and the Durable Objects of the tests live in one place, with one clock. */
  const later = (time: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + time })
  }
  const at = (time: number) => new Date(Date.now() + time)
  const expiresAt = { expiresAt: 'ends' }

  it('are not there any more, whoever asks, and make room for others', async () => {
    const store = open()
    await store.put({ hashKey: 'a', sortKey: 1 }, { n: 1, ends: at(60_000) }, expiresAt)
    await store.insert({ hashKey: 'a', sortKey: 2 }, { n: 2, ends: null }, expiresAt)
    const all = async () => {
      const found: unknown[] = []
      for await (const { value } of store.query({ hashKey: 'a' })) found.push(value.n)
      return found
    }
    expect(await all()).toEqual([1, 2])
    later(60_000)
    expect(await all()).toEqual([2])
    expect(await store.getMany([{ hashKey: 'a', sortKey: 1 }])).toEqual([null])
    expect(await store.delete({ hashKey: 'a', sortKey: 1 })).toBe(false)
    await store.insert({ hashKey: 'a', sortKey: 1 }, { n: 3, ends: at(1_000) }, expiresAt)
    await store.update({ hashKey: 'a', sortKey: 1 }, { ends: value(at(9_000)) }, expiresAt)
    later(5_000)
    expect(await all()).toEqual([3, 2])
    later(5_000)
    expect(await all()).toEqual([2])
  })

  it('end in transactions too', async () => {
    const store = open()
    const keys = ['a', 'b', 'c', 'd'].map((hashKey) => ({ hashKey }))
    await store.transactWrite(
      keys.map((key) => ({ kind: 'put', key, value: { ends: at(1_000) }, ...expiresAt }) as const),
    )
    expect((await store.transactRead(keys.map((key) => ({ kind: 'get', key })))).includes(null)).toBe(false)
    later(1_000)
    expect(await store.transactRead(keys.map((key) => ({ kind: 'get', key })))).toEqual([
      null,
      null,
      null,
      null,
    ])
  })

  it('are deleted by the alarm, so that storage shrinks', async () => {
    const name = `store-${databases}`
    const store = open()
    for (let i = 0; i < 40; i++) {
      await store.put({ hashKey: 'a', sortKey: i }, { text: 'x'.repeat(50_000), ends: at(1_000) }, expiresAt)
    }
    await store.put({ hashKey: 'a', sortKey: 99 }, { text: 'kept' })
    const { partition } = await store.locate({ hashKey: 'a' })
    expect(partition).toContain(name)
    const namespace = (env as unknown as { FOKOS_PARTITION: { getByName(name: string): never } })
      .FOKOS_PARTITION
    const look = () =>
      runInDurableObject(namespace.getByName(partition), (_: unknown, { storage }: DurableObjectState) => ({
        items: storage.sql.exec('SELECT count(*) AS n FROM items').one().n,
        large: storage.sql.exec('SELECT count(*) AS n FROM large_values').one().n,
        bytes: storage.sql.databaseSize,
      }))
    const before = await look()
    expect(before).toMatchObject({ items: 41, large: 40 })
    later(1_000)
    expect(await runDurableObjectAlarm(namespace.getByName(partition))).toBe(true)
    await vi.waitFor(async () => expect(await look()).toMatchObject({ items: 1, large: 0 }))
    expect((await look()).bytes).toBeLessThanOrEqual(before.bytes)
  })

  it('are refused when it is no moment that is to say when they end', async () => {
    const store = open()
    await expect(store.put({ hashKey: 'a' }, { ends: 5 }, expiresAt)).rejects.toThrow(InvalidValueError)
    await expect(store.put({ hashKey: 'a' }, {}, { expiresAt: '' })).rejects.toThrow(InvalidRequestError)
    expect(await store.get({ hashKey: 'a' })).toBeNull()
  })
})
