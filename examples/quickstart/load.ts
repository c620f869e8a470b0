import type { Kysely } from 'kysely'
import type { Database } from './database.js'
import type { Airport, Flight } from './queries.js'

/** Statements under way at once. */
const CONCURRENCY = 50

/** Inserts flights, one statement per airport: its rows live together, so a statement is one call and atomic. */
export async function loadFlights(db: Kysely<Database>, flights: readonly Flight[]): Promise<void> {
  const byOrigin = Map.groupBy(flights, ({ origin }) => origin)
  await concurrently([...byOrigin.values()], (rows) =>
    // Loading what is there already changes nothing, so that an interrupted load can be repeated.
    db.insertInto('flights').values(rows).orIgnore().execute(),
  )
}

/** Inserts airports, each under a hash key of its own. */
export async function loadAirports(db: Kysely<Database>, airports: readonly Airport[]): Promise<void> {
  await concurrently(airports, (airport) => db.insertInto('airports').values(airport).orIgnore().execute())
}

/** How many flights there are, airport by airport. */
export async function countFlights(db: Kysely<Database>, origins: readonly string[]): Promise<number> {
  let count = 0
  await concurrently(origins, async (origin) => {
    const rows = await db.selectFrom('flights').select('sequence').where('origin', '=', origin).execute()
    count += rows.length
  })
  return count
}

async function concurrently<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
}
