import { env } from 'cloudflare:workers'
import { Kysely, type Transaction } from 'kysely'
import { describe, expect, it } from 'vitest'
import {
  ConstraintError,
  defineDatabase,
  type InferDatabase,
  InvalidRequestError,
  LimitError,
  retryTransaction,
  TransactionConflictError,
  table,
} from './index.js'

const database = defineDatabase({
  tables: {
    accounts: table<{ id: string; balance: number }>()({ hashKey: 'id' }),
    entries: table<{ account: string; n: number; amount: number }>()({ hashKey: 'account', sortKey: 'n' }),
  },
})
type Database = InferDatabase<typeof database>

interface Namespace {
  getByName(name: string): { execute(request: Request): Promise<unknown> }
}
interface Request {
  readonly operation: { readonly kind: string; readonly age?: unknown }
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }

/** A database of its own for every test, and what its partitions are asked. */
let databases = 0
function open() {
  const requests: Request['operation'][] = []
  const counted = {
    ...bindings,
    FOKOS_PARTITION: {
      getByName(name: string) {
        const partition = bindings.FOKOS_PARTITION.getByName(name)
        return {
          execute(request: Request) {
            requests.push(request.operation)
            return partition.execute(request)
          },
        }
      },
    },
  }
  const db = new Kysely<Database>({
    dialect: new database.FokosDialect(counted, { database: `transactions-${databases++}` }),
  })
  return { db, requests, asked: () => requests.map(({ kind }) => kind) }
}
type Db = Kysely<Database>

/** Accounts that have 100 each; nothing of that is counted. */
async function openWithAccounts(...ids: string[]) {
  const opened = open()
  for (const id of ids) await opened.db.insertInto('accounts').values({ id, balance: 100 }).execute()
  opened.requests.length = 0
  return opened
}

const account = (db: Db, id: string) => db.selectFrom('accounts').selectAll().where('id', '=', id)
const balance = async (db: Db, id: string) => (await account(db, id).executeTakeFirst())?.balance
const set = (db: Db, id: string, to: number) =>
  db.updateTable('accounts').set({ balance: to }).where('id', '=', id)
const add = (db: Db, id: string, amount: number) =>
  db
    .updateTable('accounts')
    .set((eb) => ({ balance: eb('balance', '+', amount) }))
    .where('id', '=', id)
const insert = (db: Db, id: string) => db.insertInto('accounts').values({ id, balance: 100 })
const entry = (db: Db, account: string, n: number, amount = n) =>
  db.insertInto('entries').values({ account, n, amount })
const entries = (db: Db, account: string) =>
  db.selectFrom('entries').selectAll().where('account', '=', account).orderBy('n')

describe('a transaction', () => {
  it('transfers from row to row: its reads and one commit', async () => {
    const { db, asked } = await openWithAccounts('a', 'b')
    await db.transaction().execute(async (trx) => {
      const [from, to] = [await balance(trx, 'a'), await balance(trx, 'b')]
      await set(trx, 'a', (from as number) - 30).execute()
      await set(trx, 'b', (to as number) + 30).execute()
    })
    expect(asked().filter((kind) => kind !== 'batchGet')).toEqual(['transact'])
    expect(asked().length).toBe(3)
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([70, 130])
  })

  it('of one hash key is one call to commit', async () => {
    const { db, asked } = open()
    await db.transaction().execute(async (trx) => {
      await trx.replaceInto('accounts').values({ id: 'a', balance: 1 }).execute()
      await trx.replaceInto('entries').values({ account: 'a', n: 1, amount: 1 }).execute()
    })
    expect(asked()).toEqual(['transact'])
    expect(await entries(db, 'a').execute()).toEqual([{ account: 'a', n: 1, amount: 1 }])
  })

  it('whose callback fails asks nothing more, and leaves nothing', async () => {
    const { db, asked } = open()
    const failing = db.transaction().execute(async (trx) => {
      await trx.replaceInto('accounts').values({ id: 'a', balance: 1 }).execute()
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(asked()).toEqual([])
    expect(await balance(db, 'a')).toBeUndefined()
  })

  it('that does nothing asks nothing, one that reads once asks once', async () => {
    const { db, asked } = await openWithAccounts('a')
    expect(await db.transaction().execute(async () => 7)).toBe(7)
    expect(asked()).toEqual([])
    await db.transaction().execute((trx) => balance(trx, 'a'))
    expect(asked()).toEqual(['batchGet'])
  })

  it('sees what it wrote: rows, row counts, returned rows, in order', async () => {
    const { db } = open()
    await entry(db, 'a', 2).execute()
    await db.transaction().execute(async (trx) => {
      await entry(trx, 'a', 1).execute()
      await entry(trx, 'a', 3).execute()
      const updated = await trx
        .updateTable('entries')
        .set((eb) => ({ amount: eb('amount', '*', 10) }))
        .where('account', '=', 'a')
        .where('n', '=', 3)
        .returning('amount')
        .executeTakeFirst()
      expect(updated).toEqual({ amount: 30 })
      const missing = await trx
        .deleteFrom('entries')
        .where('account', '=', 'a')
        .where('n', '=', 9)
        .executeTakeFirst()
      expect(missing.numDeletedRows).toBe(0n)
      expect((await entries(trx, 'a').execute()).map(({ amount }) => amount)).toEqual([1, 2, 30])
      expect(await entries(trx, 'a').where('amount', '>', 1).limit(1).execute()).toMatchObject([{ n: 2 }])
      expect((await entries(db, 'a').execute()).length).toBe(1)
    })
    expect((await entries(db, 'a').execute()).length).toBe(3)
  })

  it('is told at the statement that an insert meets a row, and may go on', async () => {
    const { db } = await openWithAccounts('a')
    await db.transaction().execute(async (trx) => {
      await expect(insert(trx, 'a').execute()).rejects.toThrow(/^accounts \(id = "a"\): .*exists/)
      await expect(insert(trx, 'a').execute()).rejects.toBeInstanceOf(ConstraintError)
      await insert(trx, 'b').execute()
      await expect(insert(trx, 'b').execute()).rejects.toBeInstanceOf(ConstraintError)
    })
    expect(await balance(db, 'b')).toBe(100)
  })

  it('breaks a limit at the statement that does', async () => {
    const { db } = open()
    const block = db.transaction().execute(async (trx) => {
      for (let n = 0; n < 100; n++) await entry(trx, 'a', n).execute()
      await expect(entry(trx, 'a', 100).execute()).rejects.toBeInstanceOf(LimitError)
    })
    await block
    expect((await entries(db, 'a').execute()).length).toBe(100)
  })

  it('has the limits of its declaration', async () => {
    const small = defineDatabase({
      tables: { accounts: table<{ id: string; balance: number }>()({ hashKey: 'id' }) },
      limits: { itemBytes: 10 },
    })
    const db = new Kysely<InferDatabase<typeof small>>({ dialect: new small.FokosDialect(env) })
    const block = db.transaction().execute(async (trx) => {
      await trx.replaceInto('accounts').values({ id: 'a', balance: 1 }).execute()
    })
    await expect(block).rejects.toThrow(/^accounts.*the item has \d+ bytes, and at most 10 are allowed/)
  })

  it('that conflicts says with which row, and leaves the other’s write', async () => {
    const { db } = await openWithAccounts('a', 'b')
    const block = db.transaction().execute(async (trx) => {
      await balance(trx, 'a')
      await set(db, 'a', 1).execute()
      await set(trx, 'b', 2).execute()
    })
    const error = await block.then(undefined, (error) => error)
    expect(error).toBeInstanceOf(TransactionConflictError)
    expect(error.message).toMatch(/^accounts \(id = "a"\): a row that the transaction depends on/)
    expect(error.details.table).toBe('accounts')
    expect(error.retryable).toBe(true)
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([1, 100])
  })

  it('sees no phantoms', async () => {
    const { db } = open()
    await entry(db, 'a', 1).execute()
    const block = db.transaction().execute(async (trx) => {
      const found = await entries(trx, 'a').execute()
      await entry(db, 'a', 2).execute()
      await trx.replaceInto('accounts').values({ id: 'a', balance: found.length }).execute()
    })
    await expect(block).rejects.toBeInstanceOf(TransactionConflictError)
    expect(await balance(db, 'a')).toBeUndefined()
  })

  it('counts without conflicting: updates by others of what it only updates are kept', async () => {
    const { db } = await openWithAccounts('a')
    await db.transaction().execute(async (trx) => {
      expect((await add(trx, 'a', 5).executeTakeFirst()).numUpdatedRows).toBe(1n)
      await add(db, 'a', 7).execute()
    })
    expect(await balance(db, 'a')).toBe(112)
  })

  it('that is read only writes nothing, and reads as of one moment', async () => {
    const { db, asked } = await openWithAccounts('a', 'b')
    const readOnly = () => db.transaction().setAccessMode('read only')
    await expect(readOnly().execute((trx) => insert(trx, 'c').execute())).rejects.toBeInstanceOf(
      InvalidRequestError,
    )
    await readOnly().execute(async (trx) => [await balance(trx, 'a'), await balance(trx, 'b')])
    expect(asked().filter((kind) => kind === 'batchGet').length).toBe(2)
    expect(asked()).toContain('validate')
    await db
      .transaction()
      .setAccessMode('read write')
      .execute((trx) => insert(trx, 'c').execute())
    expect(await balance(db, 'c')).toBe(100)
  })

  it.each(['read uncommitted', 'read committed', 'repeatable read', 'snapshot'] as const)(
    'is never less than serializable: %s is refused',
    async (level) => {
      const { db } = open()
      const builder = db.transaction() as unknown as {
        setIsolationLevel(level: string): { execute(work: () => Promise<void>): Promise<unknown> }
      }
      const refused = builder.setIsolationLevel(level).execute(async () => {})
      await expect(refused).rejects.toMatchObject({ name: 'UnsupportedQueryError', code: 'isolation_level' })
      await expect(refused).rejects.toThrow(level)
    },
  )

  it('may be called serializable', async () => {
    const { db } = open()
    await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute((trx) => insert(trx, 'a').execute())
    expect(await balance(db, 'a')).toBe(100)
  })

  it('has no transaction inside, and says so', async () => {
    const { db } = open()
    const nested = db.transaction().execute(async (trx) => {
      await (trx as Db).transaction().execute(async () => {})
    })
    await expect(nested).rejects.toThrow(/calling the transaction method for a Transaction is not supported/)
  })
})

describe('a query that nobody awaited', () => {
  it('and that is still running at the commit fails it, and is never run outside', async () => {
    const { db } = open()
    let floating: Promise<unknown> = Promise.resolve()
    const block = db.transaction().execute(async (trx) => {
      await trx.replaceInto('accounts').values({ id: 'b', balance: 1 }).execute()
      floating = insert(trx, 'a').execute()
      floating.catch(() => {})
      for (let i = 0; i < 50; i++) await null
    })
    await expect(block).rejects.toThrow(/a query is still running, so nothing is committed/)
    await expect(floating).rejects.toThrow()
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([undefined, undefined])
  })

  it('and that has not begun at the commit is never run', async () => {
    const { db } = open()
    const floating: Promise<unknown>[] = []
    const block = db.transaction().execute(async (trx) => {
      for (const id of ['a', 'b']) floating.push(insert(trx, id).execute())
      for (const query of floating) query.catch(() => {})
    })
    await block.catch(() => {})
    for (const query of floating) await expect(query).rejects.toThrow(/over|already|running/)
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([undefined, undefined])
  })

  it('and that comes after the end is refused', async () => {
    const { db } = open()
    let kept: Transaction<Database> | undefined
    await db.transaction().execute(async (trx) => {
      kept = trx
    })
    await expect(insert(kept as Db, 'a').execute()).rejects.toThrow(/already committed/)
    expect(await balance(db, 'a')).toBeUndefined()
  })
})

describe('a stream in a transaction', () => {
  it('is refused, because every other query would wait for its end', async () => {
    const { db } = open()
    await entry(db, 'a', 1).execute()
    const block = db.transaction().execute(async (trx) => {
      for await (const { n } of entries(trx, 'a').stream()) await entry(trx, 'b', n).execute()
    })
    await expect(block).rejects.toMatchObject({
      name: 'UnsupportedQueryError',
      code: 'stream_in_transaction',
    })
  })
})

describe('a controlled transaction', () => {
  it('is committed, or rolled back', async () => {
    const { db } = open()
    const first = await db.startTransaction().execute()
    await insert(first, 'a').execute()
    expect(await balance(db, 'a')).toBeUndefined()
    await first.commit().execute()
    const second = await db.startTransaction().execute()
    await insert(second, 'b').execute()
    await second.rollback().execute()
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([100, undefined])
    await expect(insert(second, 'c').execute()).rejects.toThrow(/already rolled back/)
  })

  it('can be rolled back after a commit that failed, and runs nothing any more', async () => {
    const { db } = await openWithAccounts('a')
    const trx = await db.startTransaction().execute()
    await balance(trx, 'a')
    await set(db, 'a', 1).execute()
    await set(trx, 'a', 2).execute()
    await expect(trx.commit().execute()).rejects.toBeInstanceOf(TransactionConflictError)
    await expect(insert(trx, 'c').execute()).rejects.toThrow(/over|already rolled back/)
    await trx.rollback().execute()
    expect([await balance(db, 'a'), await balance(db, 'c')]).toEqual([1, undefined])
  })

  it('refuses a level below serializable', async () => {
    const { db } = open()
    const builder = db.startTransaction() as unknown as {
      setIsolationLevel(level: string): { execute(): Promise<unknown> }
    }
    await expect(builder.setIsolationLevel('read committed').execute()).rejects.toMatchObject({
      code: 'isolation_level',
    })
  })

  it('goes back to its savepoints', async () => {
    const { db, asked } = open()
    const trx = await db.startTransaction().execute()
    await trx.replaceInto('accounts').values({ id: 'a', balance: 1 }).execute()
    const first = await trx.savepoint('first').execute()
    await first.replaceInto('accounts').values({ id: 'a', balance: 2 }).execute()
    const second = await first.savepoint('second').execute()
    await second.replaceInto('accounts').values({ id: 'b', balance: 3 }).execute()
    await second.rollbackToSavepoint('second').execute()
    expect([await balance(second, 'a'), await balance(second, 'b')]).toEqual([2, undefined])
    await second.rollbackToSavepoint('first').execute()
    expect(await balance(first, 'a')).toBe(1)
    await expect(second.rollbackToSavepoint('second').execute()).rejects.toThrow(/no savepoint called second/)
    await first.releaseSavepoint('first').execute()
    await expect(first.rollbackToSavepoint('first').execute()).rejects.toThrow(/no savepoint called first/)
    await trx.commit().execute()
    expect(asked()).toEqual(['batchGet', 'transact'])
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([1, undefined])
  })

  it('goes back to the newest of two savepoints with one name', async () => {
    const { db } = open()
    const trx = await db.startTransaction().execute()
    const first = await trx.savepoint('here').execute()
    await insert(first, 'a').execute()
    const second = await first.savepoint('here').execute()
    await insert(second, 'b').execute()
    await second.rollbackToSavepoint('here').execute()
    await trx.commit().execute()
    expect([await balance(db, 'a'), await balance(db, 'b')]).toEqual([100, undefined])
  })
})

describe('a connection', () => {
  it('can have one transaction after another, and no query after them: that might belong to one', async () => {
    const { db } = open()
    await db.connection().execute(async (connection) => {
      for (const id of ['a', 'b']) await connection.transaction().execute((trx) => insert(trx, id).execute())
      await expect(insert(connection, 'c').execute()).rejects.toThrow(/the transaction is over/)
    })
    expect([await balance(db, 'b'), await balance(db, 'c')]).toEqual([100, undefined])
  })
})

describe('retryTransaction', () => {
  it('runs the work again until it commits, as old as at first', async () => {
    const { db, requests } = await openWithAccounts('a')
    let attempts = 0
    const result = await retryTransaction(db, async (trx) => {
      const before = (await balance(trx, 'a')) as number
      if (++attempts < 4) await set(db, 'a', 100 + attempts).execute()
      await set(trx, 'a', before * 2).execute()
      return before
    })
    expect([result, attempts, await balance(db, 'a')]).toEqual([103, 4, 206])
    const [first, ...others] = requests.filter(({ kind }) => kind === 'transact').map(({ age }) => age)
    expect(first).toBeUndefined()
    expect(others.length).toBe(3)
    for (const age of others) expect(age).toEqual(others[0])
    expect(others[0]).toMatchObject({ at: expect.any(Number), id: expect.any(Number) })
  })

  it('gives up after so many attempts, with the last conflict', async () => {
    const { db } = await openWithAccounts('a')
    let attempts = 0
    const error = await retryTransaction(
      db,
      async (trx) => {
        await balance(trx, 'a')
        await set(db, 'a', ++attempts).execute()
        await set(trx, 'a', 0).execute()
      },
      { attempts: 3 },
    ).catch((error) => error)
    expect(error).toBeInstanceOf(TransactionConflictError)
    expect([attempts, error.details.attempts]).toEqual([3, 3])
  })

  it('does not run again for any other error, nor when it was aborted', async () => {
    const { db } = open()
    let attempts = 0
    const failing = retryTransaction(db, async () => {
      attempts++
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(retryTransaction(db, async () => attempts++, { signal })).rejects.toThrow('too late')
    expect(attempts).toBe(1)
  })

  it('takes an access mode', async () => {
    const { db } = open()
    const refused = retryTransaction(db, (trx) => insert(trx, 'a').execute(), { accessMode: 'read only' })
    await expect(refused).rejects.toBeInstanceOf(InvalidRequestError)
  })
})
