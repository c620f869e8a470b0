import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import {
  ConstraintError,
  defineDatabase,
  type InferDatabase,
  retryTransaction,
  table,
  ulid,
} from './index.js'

const database = defineDatabase({
  tables: {
    orders: table<{ customer: string; id: string; state: string; placed_at: Date; items: number }>()({
      hashKey: 'customer',
      sortKey: 'id',
      defaults: { id: ulid, state: 'new', placed_at: () => new Date(), items: 0 },
    }),
    visits: table<{ id: string; page: string }>()({ hashKey: 'id', defaults: { id: ulid, page: '/' } }),
  },
})

let databases = 0
function open() {
  return new Kysely<InferDatabase<typeof database>>({
    dialect: new database.FokosDialect(env, { database: `defaults-${databases++}` }),
  })
}

describe('a row that was inserted with defaults', () => {
  it('is returned, and read, with them', async () => {
    const db = open()
    const order = await db
      .insertInto('orders')
      .values({ customer: 'ann' })
      .returningAll()
      .executeTakeFirstOrThrow()
    expect(order).toEqual({
      customer: 'ann',
      id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      state: 'new',
      placed_at: expect.any(Date),
      items: 0,
    })
    expect(await db.selectFrom('orders').selectAll().where('customer', '=', 'ann').execute()).toEqual([order])
  })

  it('lies behind those that were inserted before, by its ulid', async () => {
    const db = open()
    for (const state of ['a', 'b', 'c'])
      await db.insertInto('orders').values({ customer: 'ann', state }).execute()
    await db
      .insertInto('orders')
      .values([
        { customer: 'ann', state: 'd' },
        { customer: 'ann', state: 'e' },
      ])
      .execute()
    const states = await db
      .selectFrom('orders')
      .select('state')
      .where('customer', '=', 'ann')
      .orderBy('id')
      .execute()
    expect(states.map(({ state }) => state).join('')).toBe('abcde')
  })

  it('is what excluded means in an upsert', async () => {
    const db = open()
    await db.insertInto('orders').values({ customer: 'ann', id: 'x', state: 'paid', items: 5 }).execute()
    const upserted = await db
      .insertInto('orders')
      .values({ customer: 'ann', id: 'x', items: 2 })
      .onConflict((oc) =>
        oc.columns(['customer', 'id']).doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          items: eb('orders.items', '+', eb.ref('excluded.items')),
        })),
      )
      .returning(['state', 'items'])
      .executeTakeFirst()
    expect(upserted).toEqual({ state: 'new', items: 7 })
  })

  it('is made of nothing else by defaultValues', async () => {
    const db = open()
    const { id } = await db.insertInto('visits').defaultValues().returning('id').executeTakeFirstOrThrow()
    expect(await db.selectFrom('visits').selectAll().where('id', '=', id).execute()).toEqual([
      { id, page: '/' },
    ])
  })

  it('keeps its key when the compiled query is executed again: that is a constraint error', async () => {
    const db = open()
    const query = db.insertInto('orders').values({ customer: 'ann' }).compile()
    await db.executeQuery(query)
    await expect(db.executeQuery(query)).rejects.toThrow(ConstraintError)
    expect(await db.selectFrom('orders').selectAll().where('customer', '=', 'ann').execute()).toHaveLength(1)
  })

  it('is seen in its transaction as it is committed', async () => {
    const db = open()
    const [inserted, seen] = await db.transaction().execute(async (trx) => {
      const order = await trx
        .insertInto('orders')
        .values({ customer: 'ann' })
        .returningAll()
        .executeTakeFirst()
      return [order, await trx.selectFrom('orders').selectAll().where('customer', '=', 'ann').execute()]
    })
    expect(seen).toEqual([inserted])
    expect(await db.selectFrom('orders').selectAll().where('customer', '=', 'ann').execute()).toEqual(seen)
  })

  it('is there once, of the last attempt, when its transaction is run again', async () => {
    const db = open()
    await db.insertInto('visits').values({ id: 'a', page: '/a' }).execute()
    const ids: string[] = []
    await retryTransaction(db, async (trx) => {
      await trx.selectFrom('visits').selectAll().where('id', '=', 'a').execute()
      const { id } = await trx
        .insertInto('orders')
        .values({ customer: 'ann' })
        .returning('id')
        .executeTakeFirstOrThrow()
      ids.push(id)
      if (ids.length > 1) return
      await db.updateTable('visits').set({ page: '/b' }).where('id', '=', 'a').execute()
    })
    expect(ids).toHaveLength(2)
    const orders = await db.selectFrom('orders').select('id').where('customer', '=', 'ann').execute()
    expect(orders).toEqual([{ id: ids[1] }])
  })

  it('has its defaults in an explanation too', async () => {
    const [explanation] = await open().insertInto('orders').values({ customer: 'ann' }).explain()
    expect(explanation).toMatchObject({ table: 'orders' })
  })
})
