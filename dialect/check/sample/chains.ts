import { CompiledQuery, type Kysely, sql } from 'kysely'
import { type Archive, type Database, open, openCamelCased } from './database.js'

export async function good(db: Kysely<Database>, origin: string, from: Date, to: Date) {
  await db.selectFrom('flights').selectAll().where('origin', '=', origin).execute()
  await db
    .selectFrom('flights')
    .select(['seats', 'delay as late'])
    .where('origin', '=', origin)
    .where('departs_at', '<', to)
    .where('departs_at', '>=', from)
    .orderBy('departs_at', 'desc')
    .limit(10)
    .executeTakeFirst()
  await db.selectFrom('travellers').selectAll().where('id', 'in', ['ann', 'bob']).execute()
  await db
    .selectFrom('flights as f')
    .select('f.seats')
    .where('f.origin', '=', origin)
    .orderBy('f.departs_at')
    .execute()
  await db
    .selectFrom('flights')
    .selectAll()
    .where(({ eb, and, or }) =>
      and([eb('origin', '=', origin), or([eb('delay', '>', 5), eb('seats', '<', 3)])]),
    )
    .execute()
  await db.selectFrom('flights').selectAll().where(sql.ref<string>('origin'), '=', sql.val(origin)).execute()
  for await (const row of db.selectFrom('flights').selectAll().where('origin', '=', origin).stream(10)) {
    if (row.seats === 0) break
  }
}

export async function refused(db: Kysely<Database>, origin: string, seats: number) {
  await db // refused: missing_hash_key
    .selectFrom('flights')
    .selectAll()
    .where((eb) => eb('delay', '>', 60))
    .execute()
  await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', origin)
    .where(sql<boolean>`seats > ${seats}`) // refused: raw_sql
    .execute()
  await sql`select * from flights where origin = ${origin}`.execute(db) // refused: raw_sql
  await db.executeQuery(CompiledQuery.raw('vacuum')) // refused: raw_sql
  await db.schema.createTable('gates').addColumn('id', 'text').execute() // refused: ddl
  await db.schema.dropTable('flights').ifExists().execute() // refused: ddl
  await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', origin)
    .where('destination', 'ilike', 'a%') // refused: operator
    .limit(3)
    .execute()
  // biome-ignore lint/suspicious/noExplicitAny: what hides a query from the types
  const hidden = db as any
  await hidden
    .selectFrom('flights')
    .innerJoin('travellers', 'travellers.id', 'flights.origin') // refused: join
    .selectAll()
    .execute()
  await hidden.selectFrom('hotels').selectAll().where('id', '=', 'a').execute() // refused: unknown_table
  await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', origin)
    .explain(...(['json'] as never as [])) // refused: explain
}

/** The order of a sort key is that of the declaration. */
export async function archived(db: Kysely<Archive>, origin: string, at: Date) {
  await db.selectFrom('flights').selectAll().where('origin', '=', origin).orderBy('destination').execute()
  const { ref } = db.dynamic
  await db.selectFrom('flights').selectAll().where('origin', '=', origin).orderBy(ref('departs_at')).execute() // refused: order_by_gap
  await db // refused: missing_hash_key
    .deleteFrom('flights')
    .where((eb) => eb.and({ departs_at: at }))
    .execute()
}

export async function renamed(env: object, origin: string) {
  const camel = openCamelCased(env)
  await camel.selectFrom('flights').selectAll().where('origin', '=', origin).orderBy('departsAt').execute()
  await camel
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', origin)
    .orderBy(camel.dynamic.ref('delay')) // refused: order_by_non_key
    .execute()
  const plain = open(env)
  await plain.selectFrom('flights').selectAll().where('origin', '=', origin).orderBy('departs_at').execute()
}
