import { type Kysely, sql } from 'kysely'
import type { Database } from './database.js'

export async function good(db: Kysely<Database>, origin: string, late: boolean, sort?: 'departs_at') {
  const ofOrigin = db.selectFrom('flights').selectAll().where('origin', '=', origin)
  await ofOrigin.execute()

  let query = ofOrigin.limit(50)
  if (late) query = query.where('delay', '>', 60)
  if (sort) query = query.orderBy(sort)
  await query.execute()

  const maybe = ofOrigin
    .$if(late, (qb) => qb.orderBy('departs_at', 'desc'))
    .$if(!late, (qb) => qb.orderBy('departs_at'))
  await maybe.execute()

  const insert = db.insertInto('travellers').values({ id: 'ann', name: 'Ann', miles: 0 })
  await insert
    .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ miles: eb.ref('excluded.miles') })))
    .execute()

  let one = db.selectFrom('flights').selectAll()
  one = late ? one.where('origin', '=', origin) : one.where('origin', 'in', [origin, 'OAK'])
  await db.executeQuery(one)

  const conditions = []
  let pages = ofOrigin
  for (const destination of ['LAX', 'JFK']) conditions.push(destination)
  pages = pages.where('destination', 'in', conditions)
  await pages.execute()
}

export async function refused(db: Kysely<Database>, origin: string, everywhere: boolean, raw: boolean) {
  // For the types, what a callback says may name the hash key.
  let query = db
    .selectFrom('flights')
    .selectAll()
    .where((eb) => eb('delay', '>', 60))
  if (!everywhere) query = query.where('origin', '=', origin)
  await query.execute() // refused: missing_hash_key

  const ofOrigin = db.selectFrom('flights').selectAll().where('origin', '=', origin)
  const filtered = raw ? ofOrigin.where(sql<boolean>`seats > 1`) : ofOrigin // refused: raw_sql
  await filtered.limit(3).execute()

  await ofOrigin.$if(raw, (qb) => qb.where('destination', '~', 'A')).execute() // refused: operator

  let sorted = ofOrigin
  switch (origin) {
    case 'SFO':
      sorted = sorted.orderBy('departs_at')
      break
    default:
      sorted = sorted.orderBy(db.dynamic.ref('seats')) // refused: order_by_non_key
  }
  await sorted.execute()

  let looped = ofOrigin
  for (const column of ['departs_at', 'delay']) looped = looped.orderBy(db.dynamic.ref(column)) // refused: order_by_non_key
  await looped.execute()

  const insert = db
    .insertInto('travellers')
    .values((eb) => ({ id: 'a', name: 'A', miles: eb(eb.val(1), '+', 1) })) // refused: insert_expression
  await insert.execute()
  const unique = db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 })
  await unique.onConflict((oc) => oc.column('name' as 'id').doNothing()).execute() // refused: conflict_target
}
