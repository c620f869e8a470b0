import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { encodeKey } from '../engine/keys/key-codec.js'
import { workOf } from '../engine/runtime/work-of.js'
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
