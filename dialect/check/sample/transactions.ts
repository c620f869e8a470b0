import { type Kysely, sql, type Transaction } from 'kysely'
import { retryTransaction, scanEveryPartition } from 'kysely-fokos'
import type { Database } from './database.js'

const seatsLeft = (
  trx: Transaction<Database>,
  key: { origin: string; departs_at: Date; destination: string },
) =>
  trx
    .selectFrom('flights')
    .select('seats')
    .where((eb) => eb.and(key))
    .executeTakeFirstOrThrow()

export async function good(
  db: Kysely<Database>,
  key: { origin: string; departs_at: Date; destination: string },
) {
  await db.transaction().execute(async (trx) => {
    const { seats } = await seatsLeft(trx, key)
    await trx
      .updateTable('flights')
      .set({ seats: seats - 1 })
      .where((eb) => eb.and(key))
      .execute()
  })
  await retryTransaction(db, async (trx) => {
    await trx
      .updateTable('travellers')
      .set((eb) => ({ miles: eb('miles', '+', 500) }))
      .where('id', '=', 'ann')
      .execute()
    await trx.insertInto('travellers').values({ id: 'bob', name: 'Bob', miles: 0 }).orIgnore().execute()
  })
  const trx = await db.startTransaction().execute()
  try {
    await trx
      .deleteFrom('flights')
      .where((eb) => eb.and(key))
      .where('seats', '=', 0)
      .execute()
    await trx.commit().execute()
  } catch {
    await trx.rollback().execute()
  }
}

export async function refused(db: Kysely<Database>, origin: string) {
  await db.transaction().execute(async (trx) => {
    await trx // refused: missing_hash_key
      .selectFrom('flights')
      .selectAll()
      .where((eb) => eb('seats', '>', 0))
      .execute()
    for await (const row of trx.selectFrom('flights').selectAll().where('origin', '=', origin).stream()) // refused: stream_in_transaction
      void row
    for await (const page of scanEveryPartition(trx.selectFrom('travellers').selectAll())) void page // refused: scan_in_transaction
  })
  await db
    .transaction()
    .setIsolationLevel('read committed' as 'serializable') // refused: isolation_level
    .execute((trx) => trx.selectFrom('travellers').selectAll().where('id', '=', 'ann').execute())
  await retryTransaction(db, (trx) => sql`delete from travellers`.execute(trx)) // refused: raw_sql
  const trx = await db.startTransaction().execute()
  await trx // refused: missing_hash_key
    .deleteFrom('flights')
    .where((eb) => eb('destination', '=', origin))
    .execute()
  await trx
    .updateTable('travellers')
    .set(trx.dynamic.ref('id') as never, 'x' as never) // refused: key_change
    .where('id', '=', 'ann')
    .execute()
  await trx.rollback().execute()
}
