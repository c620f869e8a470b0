import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, retryTransaction, TransactionConflictError, ValidationError } from '../index.js'
import { type Account, type Database, database, trusting } from './database.js'

interface Namespace {
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }

let databases = 0
function open(name = `validating-${databases++}`) {
  const calls: string[] = []
  const counted = {
    ...bindings,
    FOKOS_PARTITION: {
      getByName(partition: string) {
        calls.push(partition)
        return bindings.FOKOS_PARTITION.getByName(partition)
      },
    },
  }
  const dialect = new database.FokosDialect(counted, { database: name })
  // Writes as a Worker does that has no validators: whole rows reach the partition unseen.
  const careless = new Kysely<Database>({ dialect: new trusting.FokosDialect(env, { database: name }) })
  return { db: new Kysely<Database>({ dialect }), careless, calls }
}

const account = (id: string, more: Partial<Account> = {}): Account => ({
  id,
  balance: 10,
  owner: { name: 'Ann', tags: ['a'] },
  ...more,
})

const balanceOf = async (db: Kysely<Database>, table: 'zod' | 'valibot' | 'arktype', id: string) =>
  (await db.selectFrom(table).select('balance').where('id', '=', id).executeTakeFirst())?.balance

/** What a rejected promise is rejected with. */
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => error,
  )

describe.each(['zod', 'valibot', 'arktype'] as const)('a table with a validator of %s', (table) => {
  it('takes rows that pass', async () => {
    const { db } = open()
    await db
      .insertInto(table)
      .values([account('a'), account('b', { note: null })])
      .execute()
    await db
      .replaceInto(table)
      .values(account('a', { balance: 0, note: 'x' }))
      .execute()
    expect(await db.selectFrom(table).selectAll().where('id', 'in', ['a', 'b']).execute()).toEqual([
      account('a', { balance: 0, note: 'x' }),
      account('b', { note: null }),
    ])
  })

  it('refuses an insert of a row that does not, before anything is sent', async () => {
    const { db, calls } = open()
    const insert = db.insertInto(table).values([account('a'), account('b', { balance: -1 })])
    expect(() => insert.compile()).toThrow(ValidationError)
    const error = (await failureOf(insert.execute())) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error.message).toMatch(new RegExp(`^${table}\\.balance: .*, in the row with id = "b"$`))
    expect(error).toMatchObject({ code: 'validation', retryable: false })
    expect(error.details).toMatchObject({
      table,
      column: 'balance',
      path: ['balance'],
      issues: [{ path: ['balance'], message: expect.any(String) }],
    })
    const replaced = db.replaceInto(table).values(account('b', { balance: -1 }))
    await expect(replaced.execute()).rejects.toThrow(ValidationError)
    expect(calls).toEqual([])
  })

  it('refuses what an update would make of a row, in the partition', async () => {
    const { db } = open()
    await db.insertInto(table).values(account('a')).execute()
    const spend = (amount: number) =>
      db
        .updateTable(table)
        .set((eb) => ({ balance: eb('balance', '-', amount) }))
        .where('id', '=', 'a')
    await spend(4).execute()
    const error = (await failureOf(spend(7).execute())) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error.message).toMatch(new RegExp(`^${table}\\.balance: .*, in the row with id = "a"$`))
    expect(error).toMatchObject({ code: 'validation', details: { table, column: 'balance' } })
    expect(await balanceOf(db, table, 'a')).toBe(6)
    await spend(6).execute()
    expect(await balanceOf(db, table, 'a')).toBe(0)
  })

  it('refuses what an upsert would make of a row', async () => {
    const { db } = open()
    const add = (balance: number) =>
      db
        .insertInto(table)
        .values(account('a', { balance: Math.abs(balance) }))
        .onConflict((oc) => oc.doUpdateSet((eb) => ({ balance: eb(`${table}.balance`, '+', balance) })))
        .execute()
    await add(5)
    await add(-3)
    await expect(add(-3)).rejects.toThrow(ValidationError)
    expect(await balanceOf(db, table, 'a')).toBe(2)
  })

  it('names the place within a column', async () => {
    const { db } = open()
    await db.insertInto(table).values(account('a')).execute()
    const update = db
      .updateTable(table)
      .set({ owner: { name: 'Ann', tags: ['a', 'too long'] } })
      .where('id', '=', 'a')
    const error = (await failureOf(update.execute())) as ValidationError
    expect(error.message).toMatch(new RegExp(`^${table}\\.owner\\.tags\\[1\\]: `))
    expect(error.details).toMatchObject({ column: 'owner', path: ['owner', 'tags', 1] })
  })
})

describe('a statement of several rows', () => {
  it('changes none, when one of them would not pass: in one partition and in several', async () => {
    const { db } = open()
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    await db
      .insertInto('zod')
      .values(ids.map((id, i) => account(id, { balance: 10 - i })))
      .execute()
    const update = db
      .updateTable('zod')
      .set((eb) => ({ balance: eb('balance', '-', 6) }))
      .where('id', 'in', ids)
    const error = (await failureOf(update.execute())) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error.details).toMatchObject({ table: 'zod', column: 'balance' })
    const rows = await db.selectFrom('zod').select('balance').where('id', 'in', ids).execute()
    expect(rows.map(({ balance }) => balance).sort((left, right) => left - right)).toEqual([
      5, 6, 7, 8, 9, 10,
    ])
  })
})

describe('a transaction', () => {
  const spend = (db: Kysely<Database>, id: string, amount: number) =>
    db
      .updateTable('zod')
      .set((eb) => ({ balance: eb('balance', '-', amount) }))
      .where('id', '=', id)
      .execute()

  it('refuses a row at its statement, and goes on as if that had not been', async () => {
    const { db } = open()
    await db
      .insertInto('zod')
      .values([account('a'), account('b')])
      .execute()
    await db.transaction().execute(async (trx) => {
      await spend(trx, 'a', 1)
      const error = (await failureOf(spend(trx, 'a', 10))) as ValidationError
      expect(error).toBeInstanceOf(ValidationError)
      expect(error.message).toMatch(/^zod\.balance: must not be negative, in the row with id = "a"$/)
      await spend(trx, 'b', 2)
    })
    expect(await balanceOf(db, 'zod', 'a')).toBe(9)
    expect(await balanceOf(db, 'zod', 'b')).toBe(8)
  })

  it('fails for good, without a conflict, when a row is not what it was and the outcome would not pass', async () => {
    const { db } = open()
    await db
      .insertInto('zod')
      .values([account('a'), account('b')])
      .execute()
    let attempts = 0
    const error = await failureOf(
      retryTransaction(db, async (trx) => {
        attempts++
        await spend(trx, 'b', 1)
        // Evaluated where the row is, because nobody has read it.
        await spend(trx, 'a', 8)
        await spend(db, 'a', 5)
      }),
    )
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).not.toBeInstanceOf(TransactionConflictError)
    expect((error as ValidationError).message).toMatch(/^zod\.balance: must not be negative/)
    expect(attempts).toBe(1)
    expect(await balanceOf(db, 'zod', 'a')).toBe(5)
    expect(await balanceOf(db, 'zod', 'b')).toBe(10)
  })
})

describe('a row that was there before its validator', () => {
  it('is read, is deleted, and is changed to what passes', async () => {
    const { db, careless } = open()
    await careless
      .insertInto('zod')
      .values([account('a', { balance: -5 }), account('b', { balance: -5 })])
      .execute()
    expect(await balanceOf(db, 'zod', 'a')).toBe(-5)
    const touch = db.updateTable('zod').set({ note: 'x' }).where('id', '=', 'a')
    await expect(touch.execute()).rejects.toThrow(ValidationError)
    await db.updateTable('zod').set({ balance: 0 }).where('id', '=', 'a').execute()
    await touch.execute()
    await db.deleteFrom('zod').where('id', '=', 'b').execute()
    expect(await balanceOf(db, 'zod', 'b')).toBeUndefined()
  })

  it('is what a Worker without validators inserts, but not what it makes by updates', async () => {
    const { db, careless } = open()
    await careless.insertInto('zod').values(account('a')).execute()
    const update = careless.updateTable('zod').set({ balance: -1 }).where('id', '=', 'a')
    await expect(update.execute()).rejects.toThrow(ValidationError)
    expect(await balanceOf(db, 'zod', 'a')).toBe(10)
  })
})

describe('what a validator makes of a row', () => {
  it('is not stored', async () => {
    const { db } = open()
    const read = () => db.selectFrom('transforming').selectAll().where('id', '=', 'a').execute()
    await db.insertInto('transforming').values(account('a')).execute()
    expect(await read()).toEqual([account('a')])
    await db.updateTable('transforming').set({ balance: 3 }).where('id', '=', 'a').execute()
    expect(await read()).toEqual([account('a', { balance: 3 })])
  })
})

describe('a validator that', () => {
  it.each([
    ['answers a promise', 'promising', ConfigurationError, /^promising: the validator answered a promise/],
    ['throws', 'throwing', ValidationError, /^throwing: the validator threw: not whole$/],
  ] as const)(
    '%s is a typed error, in the Worker, in the partition and in a commit',
    async (_, table, type, text) => {
      const { db } = open()
      await expect(
        db
          .insertInto(table)
          .values(account('a', { balance: 0.5 }))
          .execute(),
      ).rejects.toThrow(type)
      await db.insertInto(table).values(account('a')).execute()
      const halve = (db: Kysely<Database>) =>
        db
          .updateTable(table)
          .set((eb) => ({ balance: eb('balance', '/', 4) }))
          .where('id', '=', 'a')
          .execute()
      const failed = await failureOf(halve(db))
      expect(failed).toBeInstanceOf(type)
      expect((failed as Error).message).toMatch(text)
      const drafted = await failureOf(db.transaction().execute((trx) => halve(trx)))
      expect(drafted).toBeInstanceOf(type)
      // 12 is drafted as 3; meanwhile it is 13.
      await db.updateTable(table).set({ balance: 12 }).where('id', '=', 'a').execute()
      const committed = await failureOf(
        db.transaction().execute(async (trx) => {
          await halve(trx)
          await db.updateTable(table).set({ balance: 13 }).where('id', '=', 'a').execute()
        }),
      )
      expect(committed).toBeInstanceOf(type)
      expect((committed as Error).message).toMatch(text)
      // And the partition goes on.
      const rows = await db.selectFrom(table).select('balance').where('id', '=', 'a').execute()
      expect(rows).toEqual([{ balance: 13 }])
    },
  )
})
