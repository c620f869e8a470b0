import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { type ExpressionBuilder, Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { workOf } from '../engine/runtime/work-of.js'
import { ConstraintError, defineDatabase, type InferDatabase, InvalidValueError, table } from './index.js'

const database = defineDatabase({
  tables: {
    sessions: table<{ user: string; id: string; hits: number; expires_at?: Date | null }>()({
      hashKey: 'user',
      sortKey: 'id',
      expiresAt: 'expires_at',
    }),
    users: table<{ user: string; name: string; expires_at: string }>()({ hashKey: 'user' }),
  },
})
type Database = InferDatabase<typeof database>

interface Namespace {
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace }

/** A database of its own for every test. */
let databases = 0
let partition: string
let db: Kysely<Database>
beforeEach(() => {
  partition = ''
  const noting = {
    ...env,
    FOKOS_PARTITION: {
      getByName(name: string) {
        partition = name
        return bindings.FOKOS_PARTITION.getByName(name)
      },
    },
  }
  db = new Kysely({ dialect: new database.FokosDialect(noting, { database: `expiry-${databases++}` }) })
})
afterEach(() => {
  vi.useRealTimers()
})

/** From then on. Workers and Durable Objects of the tests live in one place, with one clock. */
const later = (time: number) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + time })
}
const HOUR = 3_600_000
const at = (time: number) => new Date(Date.now() + time)
const session = (id: string, expires_at?: Date | null) => ({ user: 'ann', id, hits: 0, expires_at })
const ids = async () => {
  const rows = await db.selectFrom('sessions').select('id').where('user', '=', 'ann').execute()
  return rows.map(({ id }) => id)
}
const one = (id: string) =>
  db.selectFrom('sessions').selectAll().where('user', '=', 'ann').where('id', '=', id).executeTakeFirst()
/** The key of one row. */
const ofOne = (id: string) => (eb: ExpressionBuilder<Database, 'sessions'>) => eb.and({ user: 'ann', id })
const storage = <T>(look: (state: DurableObjectState) => T) =>
  runInDurableObject(
    bindings.FOKOS_PARTITION.getByName(partition) as never,
    (_: unknown, state: DurableObjectState) => look(state),
  )
const storedRows = () => storage(({ storage }) => storage.sql.exec('SELECT count(*) AS n FROM items').one().n)

describe('a row of a table that says when its rows expire', () => {
  beforeEach(async () => {
    await db
      .insertInto('sessions')
      .values([session('a', at(HOUR)), session('b', at(2 * HOUR)), session('c', null), session('d')])
      .execute()
  })

  it('vanishes at that time, for every kind of statement', async () => {
    expect(await ids()).toEqual(['a', 'b', 'c', 'd'])
    expect(await one('a')).toMatchObject({ id: 'a', hits: 0 })
    later(HOUR)
    expect(await one('a')).toBeUndefined()
    expect(await ids()).toEqual(['b', 'c', 'd'])
    const update = db.updateTable('sessions').set({ hits: 1 }).where(ofOne('a'))
    expect((await update.executeTakeFirst()).numUpdatedRows).toBe(0n)
    const remove = db.deleteFrom('sessions').where(ofOne('a'))
    expect((await remove.executeTakeFirst()).numDeletedRows).toBe(0n)
    await db.insertInto('sessions').values(session('a', null)).execute()
    expect(await ids()).toEqual(['a', 'b', 'c', 'd'])
    await expect(db.insertInto('sessions').values(session('a', null)).execute()).rejects.toThrow(
      ConstraintError,
    )
  })

  it('stays when it is renewed, by an update or an upsert', async () => {
    await db
      .updateTable('sessions')
      .set({ expires_at: at(3 * HOUR) })
      .where(ofOne('a'))
      .execute()
    await db
      .insertInto('sessions')
      .values(session('b', at(3 * HOUR)))
      .onConflict((oc) => oc.doUpdateSet((eb) => ({ expires_at: eb.ref('excluded.expires_at') })))
      .execute()
    later(2 * HOUR)
    expect(await ids()).toEqual(['a', 'b', 'c', 'd'])
    later(HOUR)
    expect(await ids()).toEqual(['c', 'd'])
  })

  it('goes when it would have, whatever else of it changes', async () => {
    await db
      .updateTable('sessions')
      .set((eb) => ({ hits: eb('hits', '+', 1) }))
      .where(ofOne('a'))
      .execute()
    expect(await one('a')).toMatchObject({ hits: 1 })
    later(HOUR)
    expect(await one('a')).toBeUndefined()
  })

  it('is replaced with what its new row says', async () => {
    await db
      .replaceInto('sessions')
      .values([session('a', null), session('b', at(HOUR))])
      .execute()
    later(HOUR)
    expect(await ids()).toEqual(['a', 'c', 'd'])
  })

  it('vanishes for transactions too, and those that have read it are run again', async () => {
    await expect(
      db.transaction().execute(async (trx) => {
        const read = trx.selectFrom('sessions').selectAll().where(ofOne('a'))
        expect(await read.executeTakeFirst()).toBeDefined()
        later(HOUR)
        await trx.insertInto('sessions').values(session('e', null)).execute()
      }),
    ).rejects.toMatchObject({ code: 'transaction_conflict' })
    expect(await ids()).toEqual(['b', 'c', 'd'])
  })

  it('vanishes within a transaction that has written it', async () => {
    await db.transaction().execute(async (trx) => {
      const read = trx.selectFrom('sessions').select('id').where('user', '=', 'ann')
      await trx
        .insertInto('sessions')
        .values([session('e', at(10_000)), session('f', at(-1))])
        .execute()
      await trx.updateTable('sessions').set({ hits: 5 }).where(ofOne('e')).execute()
      expect((await read.execute()).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e'])
      later(10_000)
      expect((await read.execute()).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
      expect(
        await trx.selectFrom('sessions').selectAll().where(ofOne('e')).executeTakeFirst(),
      ).toBeUndefined()
      await trx
        .insertInto('sessions')
        .values(session('f', at(10_000)))
        .execute()
    })
    expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'f'])
    later(10_000)
    expect(await ids()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is deleted in the background, so that storage shrinks', async () => {
    expect(await storedRows()).toBe(4)
    const alarm = (await storage(({ storage }) => storage.getAlarm())) as number
    expect(alarm).toBeGreaterThan(Date.now() + HOUR - 120_000)
    expect(alarm).toBeLessThanOrEqual(Date.now() + HOUR + 60_000)
    later(HOUR)
    expect(await runDurableObjectAlarm(bindings.FOKOS_PARTITION.getByName(partition) as never)).toBe(true)
    await vi.waitFor(async () => expect(await storedRows()).toBe(3))
    // It rings again for the next one.
    await vi.waitFor(async () =>
      expect(await storage(({ storage }) => storage.getAlarm())).toBeGreaterThan(Date.now()),
    )
  })
})

describe('what expiry costs in rows written', () => {
  const written = async (statement: { execute(): Promise<unknown> }) => {
    const stub = bindings.FOKOS_PARTITION.getByName(partition) as never
    return (await workOf([stub], () => statement.execute())).written
  }

  it('is one more for each write of a row that expires, that of an index, and none for others', async () => {
    await db
      .insertInto('sessions')
      .values(session('first', at(HOUR)))
      .execute()
    expect(await written(db.insertInto('sessions').values(session('a', null)))).toBe(1)
    expect(await written(db.insertInto('sessions').values(session('b', at(HOUR))))).toBe(2)
    expect(await written(db.updateTable('sessions').set({ hits: 1 }).where(ofOne('a')))).toBe(1)
    expect(await written(db.updateTable('sessions').set({ hits: 1 }).where(ofOne('b')))).toBe(2)
    expect(
      await written(
        db
          .updateTable('sessions')
          .set({ expires_at: at(2 * HOUR) })
          .where(ofOne('b')),
      ),
    ).toBe(2)
    expect(await written(db.deleteFrom('sessions').where(ofOne('b')))).toBe(1)
    expect(await written(db.deleteFrom('sessions').where(ofOne('a')))).toBe(1)
  })

  it('is that of its deletion for who finds a row expired first, and nothing for who comes next', async () => {
    await db
      .insertInto('sessions')
      .values([session('a', at(HOUR)), session('b', at(HOUR))])
      .execute()
    later(HOUR)
    const read = db.selectFrom('sessions').selectAll().where('user', '=', 'ann').where('id', '=', 'a')
    // With the bound of the clock, which is stored every ten seconds.
    expect(await written(read)).toBe(2)
    expect(await written(read)).toBe(0)
    expect(await written(db.selectFrom('sessions').selectAll().where('user', '=', 'ann'))).toBe(1)
    expect(await written(db.selectFrom('sessions').selectAll().where('user', '=', 'ann'))).toBe(0)
  })
})

describe('what says when a row expires', () => {
  it.each([
    ['a text', 'tomorrow'],
    ['a number', 5],
    ['a date that is none', new Date(Number.NaN)],
  ])('is not %s', async (_, wrong) => {
    const row = session('a', wrong as never)
    const writes = [
      () =>
        db
          .insertInto('sessions')
          .values([session('b', null), row])
          .execute(),
      () => db.replaceInto('sessions').values(row).execute(),
      () => db.transaction().execute((trx) => trx.insertInto('sessions').values(row).execute()),
    ]
    for (const write of writes) {
      const refused = await Promise.resolve()
        .then(write)
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(InvalidValueError)
      expect((refused as Error).message).toMatch(/sessions.*expires_at/)
    }
    expect(await ids()).toEqual([])
  })

  it('is not said by another table that has a column of that name', async () => {
    await db.insertInto('users').values({ user: 'ann', name: 'Ann', expires_at: 'never' }).execute()
    later(HOUR)
    expect(await db.selectFrom('users').selectAll().where('user', '=', 'ann').execute()).toHaveLength(1)
  })

  it('is not the outcome of an expression that is no date', async () => {
    await db.insertInto('sessions').values(session('a', null)).execute()
    const update = db
      .updateTable('sessions')
      .set((eb) => ({ expires_at: eb.ref('hits') as never }))
      .where(ofOne('a'))
    await expect(update.execute()).rejects.toMatchObject({
      code: 'invalid_value',
      message: expect.stringMatching(/sessions.*expires_at/),
      details: { table: 'sessions', column: 'expires_at' },
    })
  })
})
