import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { encodeKey } from '../engine/keys/key-codec.js'
import { rootOf } from '../engine/topology/partition-name.js'
import { defineDatabase, type InferDatabase, table } from './index.js'

const database = defineDatabase({
  tables: {
    accounts: table<{ id: string; balance: number }>()({ hashKey: 'id' }),
    entries: table<{ account: string; n: number; amount: number }>()({ hashKey: 'account', sortKey: 'n' }),
  },
})
type Db = Kysely<InferDatabase<typeof database>>

interface Stub {
  execute(request: { operation: { kind: string } }): Promise<unknown>
}
const namespace = (env as unknown as { FOKOS_PARTITION: { getByName(name: string): Stub } }).FOKOS_PARTITION

const ROOTS = 16
const NAMES = Array.from({ length: 100 }, (_, i) => `account-${i}`)

/** A database of its own with two accounts that have 100 each, in one partition or in two. */
let databases = 0
async function openWithAccounts(where: 'in one partition' | 'in two partitions') {
  const name = `cost-${databases++}`
  const owner = (id: string) => rootOf(name, encodeKey([id]), ROOTS)
  const [first] = NAMES as [string]
  const second = NAMES.slice(1).find(
    (id) => (owner(id) === owner(first)) === (where === 'in one partition'),
  ) as string
  const db: Db = new Kysely({ dialect: new database.FokosDialect(env, { database: name }) })
  for (const id of [first, second]) await db.insertInto('accounts').values({ id, balance: 100 }).execute()
  return { db, first, second, stubs: [...new Set([owner(first), owner(second)])].map(stubOf) }
}

function stubOf(name: string): never {
  return namespace.getByName(name) as never
}

/** What partitions do for a transaction: the calls that they get, with its answer among them, and rows written. */
async function workOf(stubs: readonly never[], transaction: () => Promise<unknown>) {
  const calls: string[] = []
  const cursors: SqlStorageCursor<never>[] = []
  let watched: { execute: Stub['execute'] } | undefined
  for (const stub of stubs) {
    await runInDurableObject(stub, (instance: unknown, state: DurableObjectState) => {
      const exec = state.storage.sql.exec.bind(state.storage.sql)
      vi.spyOn(state.storage.sql, 'exec').mockImplementation(((...args: Parameters<typeof exec>) => {
        const cursor = exec(...args)
        cursors.push(cursor as never)
        return cursor
      }) as never)
      watched ??= Object.getPrototypeOf(instance) as { execute: Stub['execute'] }
    })
  }
  // Calls go to the class's own methods.
  const { execute } = watched as { execute: Stub['execute'] }
  Object.assign(watched as object, {
    execute(this: Stub, request: Parameters<Stub['execute']>[0]) {
      calls.push(request.operation.kind)
      return execute.call(this, request)
    },
  })
  await transaction()
  calls.push('answer')
  // What goes on after the answer comes to its end too.
  await vi.waitFor(() => expect(calls.includes('prepare')).toBe(calls.includes('finish')))
  Object.assign(watched as object, { execute })
  for (const stub of stubs) {
    await runInDurableObject(stub, () => {
      vi.restoreAllMocks()
    })
  }
  return { calls, written: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0) }
}

const balance = async (db: Db, id: string) => {
  const account = db.selectFrom('accounts').select('balance').where('id', '=', id)
  return (await account.executeTakeFirstOrThrow()).balance
}
const set = (db: Db, id: string, to: number) =>
  db.updateTable('accounts').set({ balance: to }).where('id', '=', id).execute()
const transfer = (db: Db, from: string, to: string) =>
  db.transaction().execute(async (trx) => {
    const [taken, given] = [await balance(trx, from), await balance(trx, to)]
    await set(trx, from, taken - 30)
    await set(trx, to, given + 30)
  })

describe('a transaction costs, beside its reads,', () => {
  it('within one hash key one call, and a row for each of its own and one more', async () => {
    const { db, first, stubs } = await openWithAccounts('in one partition')
    const work = await workOf(stubs, () =>
      db.transaction().execute(async (trx) => {
        await set(trx, first, (await balance(trx, first)) - 1)
        await trx.replaceInto('entries').values({ account: first, n: 1, amount: -1 }).execute()
      }),
    )
    expect(work).toEqual({ calls: ['batchGet', 'transact', 'answer'], written: 3 })
  })

  it('within one partition one call, and a row for each of its own and one more', async () => {
    const { db, first, second, stubs } = await openWithAccounts('in one partition')
    const work = await workOf(stubs, () => transfer(db, first, second))
    expect(work).toEqual({ calls: ['batchGet', 'batchGet', 'transact', 'answer'], written: 3 })
  })

  it('over two partitions a call and one between them, one after its answer, and five rows', async () => {
    const { db, first, second, stubs } = await openWithAccounts('in two partitions')
    const work = await workOf(stubs, () => transfer(db, first, second))
    expect(work.calls.slice(0, 4)).toEqual(['batchGet', 'batchGet', 'transact', 'prepare'])
    // The answer and the message that follows it leave together.
    expect(work.calls.slice(4).sort()).toEqual(['answer', 'finish'])
    // Two rows, the record, and the part, which is stored and removed. The record goes ten minutes later.
    expect(work.written).toBe(5)
  })
})
