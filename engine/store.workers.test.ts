import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
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
      /put: there is no "conditon" here; there are condition, signal/,
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
