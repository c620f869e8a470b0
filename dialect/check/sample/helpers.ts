import { type ExpressionBuilder, type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import { type FokosSelectQueryBuilder, scanEveryPartition } from 'kysely-fokos'
import { type Database, open, openArchive } from './database.js'

// Builders that are made, changed and executed in different functions.

function flightsOf(db: Kysely<Database>, origin: string) {
  return db.selectFrom('flights').selectAll().where('origin', '=', origin)
}

const allFlights = (db: Kysely<Database>) => db.selectFrom('flights').selectAll()

type Flights = FokosSelectQueryBuilder<Database, 'flights', object, 'origin'>

const firstPage = <Q extends { limit(n: number): Q }>(query: Q): Q => query.limit(10)

function byDestination(query: Flights, destination: string) {
  return query.where('destination', '=', destination)
}

function cheap(query: Flights) {
  return query.where(sql<boolean>`price < ${100}`) // refused: raw_sql
}

async function all<O>(query: SelectQueryBuilder<Database, 'flights', O>): Promise<unknown[]> {
  return query.execute()
}

const isLate = (eb: ExpressionBuilder<Database, 'flights'>, minutes: number) =>
  eb.or([eb('delay', '>', minutes), eb('delay', 'is', null)])

const matches = (pattern: string) => sql<boolean>`destination regexp ${pattern}`

export async function good(db: Kysely<Database>, origin: string) {
  await flightsOf(db, origin).execute()
  await firstPage(flightsOf(db, origin)).execute()
  await flightsOf(db, origin)
    .$call((query) => byDestination(query, 'LAX'))
    .execute()
  await flightsOf(db, origin)
    .where((eb) => isLate(eb, 60))
    .execute()
  await all(flightsOf(db, origin) as never)
  await allFlights(db).where('origin', '=', origin).execute()
  for await (const { rows } of scanEveryPartition(allFlights(db).where((eb) => isLate(eb, 10)))) {
    if (rows.length === 0) break
  }
}

export async function refused(db: Kysely<Database>, env: object, origin: string) {
  await allFlights(db) // refused: missing_hash_key
    .where((eb) => isLate(eb, 60))
    .execute()
  await cheap(flightsOf(db, origin)).execute()
  await flightsOf(db, origin).where(matches('A.*')).execute() // refused: raw_sql
  for await (const { rows } of scanEveryPartition(flightsOf(db, origin))) void rows // refused: scan_of_hash_key
  await openArchive(env) // refused: missing_hash_key
    .selectFrom('flights')
    .selectAll()
    .where((eb) => eb('seats', '>', 1))
    .execute()
  await open(env).withSchema('old').selectFrom('flights').selectAll().where('origin', '=', origin).execute() // refused: schema
}

/** Holds a Kysely, as most programs do. */
export class Travellers {
  readonly #db: Kysely<Database>

  constructor(env: object) {
    this.#db = open(env)
  }

  find(id: string) {
    return this.#db.selectFrom('travellers').selectAll().where('id', '=', id).executeTakeFirst()
  }

  async rename(id: string, name: string) {
    await this.#update(id).set({ name }).execute()
  }

  #update(id: string) {
    return this.#db.updateTable('travellers').where('id', '=', id)
  }

  search(text: string) {
    return this.#db // refused: missing_hash_key
      .selectFrom('travellers')
      .selectAll()
      .where((eb) => eb('name', 'like', `${text}%`))
      .execute()
  }

  async reset() {
    await this.#db // refused: missing_hash_key
      .updateTable('travellers')
      .set({ miles: 0 })
      .where((eb) => eb('miles', '<', 0))
      .execute()
  }
}
