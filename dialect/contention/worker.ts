import { type ExpressionBuilder, Kysely } from 'kysely'
import { durableObjects } from '../../engine/runtime/durable-objects.js'
import { defineDatabase, type InferDatabase, retryTransaction, table } from '../index.js'

/*
 * A Worker whose requests are transactions over a few accounts, and answer how many attempts they took.
 */

const database = defineDatabase({
  tables: { accounts: table<{ id: string; balance: number }>()({ hashKey: 'id' }) },
})
type Database = InferDatabase<typeof database>
type Db = Kysely<Database>

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

/** What may be asked. */
export type ContentionRequest =
  | { readonly kind: 'open'; readonly ids: readonly string[]; readonly balance: number }
  /** Reads both balances and writes both, if there is enough. */
  | { readonly kind: 'move'; readonly from: string; readonly to: string; readonly amount: number }
  /** Takes if there is enough, and gives, without having seen a balance. */
  | { readonly kind: 'move unseen'; readonly from: string; readonly to: string; readonly amount: number }
  /** The total, by a read-only transaction: row by row, or in one statement. */
  | { readonly kind: 'sum'; readonly ids: readonly string[] }
  | { readonly kind: 'sum at once'; readonly ids: readonly string[] }

/** What is answered. */
export interface ContentionAnswer {
  readonly attempts: number
  readonly total?: number
  readonly error?: string
}

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    if (request.method === 'GET') return new Response('ready')
    const db: Db = new Kysely({ dialect: new database.FokosDialect(env) })
    return Response.json(await answer(db, (await request.json()) as ContentionRequest))
  },
}

async function answer(db: Db, request: ContentionRequest): Promise<ContentionAnswer> {
  let attempts = 0
  const work = (trx: Db) => {
    attempts++
    return run(trx, request)
  }
  const accessMode = request.kind.startsWith('sum') ? 'read only' : 'read write'
  try {
    const total = await retryTransaction(db, work, { accessMode })
    return { attempts, ...(total === undefined ? undefined : { total }) }
  } catch (error) {
    return { attempts, error: String(error) }
  }
}

async function run(trx: Db, request: ContentionRequest): Promise<number | undefined> {
  switch (request.kind) {
    case 'open': {
      const rows = request.ids.map((id) => ({ id, balance: request.balance }))
      await trx.insertInto('accounts').values(rows).execute()
      return undefined
    }
    case 'move':
      await move(trx, request)
      return undefined
    case 'move unseen':
      await moveUnseen(trx, request)
      return undefined
    case 'sum': {
      let sum = 0
      for (const id of request.ids) sum += await balance(trx, id)
      return sum
    }
    case 'sum at once': {
      const rows = await trx.selectFrom('accounts').select('balance').where('id', 'in', request.ids).execute()
      return rows.reduce((sum, row) => sum + row.balance, 0)
    }
  }
}

interface Move {
  readonly from: string
  readonly to: string
  readonly amount: number
}

async function move(trx: Db, { from, to, amount }: Move): Promise<void> {
  const taken = await balance(trx, from)
  const given = await balance(trx, to)
  if (taken < amount) return
  await trx
    .updateTable('accounts')
    .set({ balance: taken - amount })
    .where('id', '=', from)
    .execute()
  await trx
    .updateTable('accounts')
    .set({ balance: given + amount })
    .where('id', '=', to)
    .execute()
}

async function moveUnseen(trx: Db, { from, to, amount }: Move): Promise<void> {
  type Accounts = ExpressionBuilder<Database, 'accounts'>
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
}

async function balance(trx: Db, id: string): Promise<number> {
  const row = await trx
    .selectFrom('accounts')
    .select('balance')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.balance
}
