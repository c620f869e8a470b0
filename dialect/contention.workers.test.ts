import { env } from 'cloudflare:workers'
import { type ExpressionBuilder, Kysely } from 'kysely'
import { expect, it } from 'vitest'
import { SeededRandom } from '../engine/simulation/seeded-random.js'
import { defineDatabase, type InferDatabase, retryTransaction, table } from './index.js'

const database = defineDatabase({
  tables: { accounts: table<{ id: string; balance: number }>()({ hashKey: 'id' }) },
})
type Database = InferDatabase<typeof database>
type Db = Kysely<Database>

const WORKERS = 64
const TRANSFERS = 5_000
const ACCOUNTS = Array.from({ length: 10 }, (_, i) => `account-${i}`)
const EACH_HAS = 1_000
const TOTAL = ACCOUNTS.length * EACH_HAS
/** What `retryTransaction` runs a work at most, if it is not told otherwise. */
const MAX_ATTEMPTS = 30

/** What a call's way takes at most, there or back. */
const MOST_MILLIS = 4

/** How often the works of one kind were run until they were committed. */
class Attempts {
  works = 0
  #sum = 0
  #worst = 0

  async count(work: (attempt: () => void) => Promise<void>): Promise<void> {
    let attempts = 0
    await work(() => {
      attempts++
    })
    this.works++
    this.#sum += attempts
    this.#worst = Math.max(this.#worst, attempts)
  }

  get worst(): number {
    return this.#worst
  }

  toString(): string {
    return `${this.works}, attempts: mean ${(this.#sum / this.works).toFixed(2)}, worst ${this.#worst}`
  }
}

const db: Db = new Kysely({ dialect: new database.FokosDialect(afar(env), { database: 'contention' }) })
const transfers = new Attempts()
const readers = { 'row by row': new Attempts(), 'in one statement': new Attempts() }

it(`${WORKERS} workers make ${TRANSFERS} transfers over ${ACCOUNTS.length} accounts, and the total is right whenever somebody looks`, async () => {
  await db
    .insertInto('accounts')
    .values(ACCOUNTS.map((id) => ({ id, balance: EACH_HAS })))
    .execute()
  let left = TRANSFERS
  const work = async (worker: number) => {
    const random = new SeededRandom(worker)
    while (left-- > 0) {
      const [from, to] = random.some(ACCOUNTS, 2, 2) as [string, string]
      const amount = 1 + random.below(20)
      const transfer = random.chance(0.25) ? moveUnseen : move
      await transfers.count((attempt) => transfer(from, to, amount, attempt))
    }
  }
  const look = async (sum: (db: Db) => Promise<number>, attempts: Attempts) => {
    while (left > 0) {
      await attempts.count(async (attempt) => {
        const total = await retryTransaction(
          db,
          (trx) => {
            attempt()
            return sum(trx)
          },
          { accessMode: 'read only' },
        )
        expect(total).toBe(TOTAL)
      })
      await scheduler.wait(20)
    }
  }
  await Promise.all([
    ...Array.from({ length: WORKERS }, (_, worker) => work(worker)),
    look(sumRowByRow, readers['row by row']),
    look(sumInOneStatement, readers['in one statement']),
  ])
  expect(await sumInOneStatement(db)).toBe(TOTAL)

  console.log(`contention: transfers: ${transfers}`)
  for (const [how, attempts] of Object.entries(readers)) console.log(`contention: reads ${how}: ${attempts}`)
  expect(transfers.works).toBe(TRANSFERS)
  for (const { works, worst } of [transfers, ...Object.values(readers)]) {
    expect(works).toBeGreaterThan(0)
    expect(worst).toBeLessThanOrEqual(MAX_ATTEMPTS)
  }
})

interface Namespace {
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
}

/**
 * Bindings with a way to go: each call takes some milliseconds there, and some back. On one machine a call is so
 * fast that each transaction would be over before the next begins.
 */
function afar(bindings: object): object {
  const { FOKOS_PARTITION: near } = bindings as { FOKOS_PARTITION: Namespace }
  const random = new SeededRandom(0)
  const way = () => scheduler.wait(1 + random.below(MOST_MILLIS))
  return {
    ...bindings,
    FOKOS_PARTITION: {
      getByName: (name: string) => ({
        async execute(request: unknown) {
          await way()
          const answer = await near.getByName(name).execute(request)
          await way()
          return answer
        },
      }),
    },
  }
}

/** Reads both balances and writes both, if there is enough. */
async function move(from: string, to: string, amount: number, attempt: () => void): Promise<void> {
  await retryTransaction(db, async (trx) => {
    attempt()
    const taken = await balance(trx, from)
    const given = await balance(trx, to)
    if (taken < amount) return
    await set(trx, from, taken - amount)
    await set(trx, to, given + amount)
  })
}

/** Takes if there is enough and gives, without having seen a balance. */
async function moveUnseen(from: string, to: string, amount: number, attempt: () => void): Promise<void> {
  type Accounts = ExpressionBuilder<Database, 'accounts'>
  await retryTransaction(db, async (trx) => {
    attempt()
    const { numUpdatedRows } = await trx
      .updateTable('accounts')
      .set((eb: Accounts) => ({ balance: eb('balance', '-', amount) }))
      .where('id', '=', from)
      .where('balance', '>=', amount)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    await trx
      .updateTable('accounts')
      .set((eb: Accounts) => ({ balance: eb('balance', '+', amount) }))
      .where('id', '=', to)
      .execute()
  })
}

async function balance(trx: Db, id: string): Promise<number> {
  const row = await trx
    .selectFrom('accounts')
    .select('balance')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.balance
}

async function set(trx: Db, id: string, balance: number): Promise<void> {
  await trx.updateTable('accounts').set({ balance }).where('id', '=', id).execute()
}

async function sumRowByRow(trx: Db): Promise<number> {
  let sum = 0
  for (const id of ACCOUNTS) sum += await balance(trx, id)
  return sum
}

async function sumInOneStatement(trx: Db): Promise<number> {
  const rows = await trx.selectFrom('accounts').select('balance').where('id', 'in', ACCOUNTS).execute()
  return rows.reduce((sum, { balance }) => sum + balance, 0)
}
