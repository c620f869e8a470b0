import type { Compilable, Kysely } from 'kysely'
import type { Database } from './database.js'
import {
  airportsByCode,
  bookSeat,
  countBooking,
  delaysByAirport,
  departures,
  departuresAfter,
  type Flight,
  type FlightKey,
  upsertFlight,
} from './queries.js'

/** One stop of the tour, as text. */
export interface Stop {
  readonly title: string
  readonly query: string
  readonly result: string
}

/** Runs one query of each kind, and says what came of it. */
export async function takeTour(db: Kysely<Database>): Promise<Stop[]> {
  const stops: Stop[] = []
  const stop = (title: string, query: Compilable, result: string) =>
    stops.push({ title, query: query.compile().sql, result })

  const [six, noon] = [new Date('2001-03-09T06:00Z'), new Date('2001-03-09T12:00Z')]
  const morning = departures(db, 'ORD', six, noon).limit(3)
  const firstPage = await morning.execute()
  stop('Departures of Chicago between 6 and 12 o’clock, the first three', morning, list(firstPage))

  const last = firstPage.at(-1)
  if (last === undefined) throw new Error('there are no flights: load them first')
  const nextPage = departuresAfter(db, keyOf(last), noon).limit(3)
  stop('The next page, by keyset', nextPage, list(await nextPage.execute()))

  const late = departures(db, 'ORD', six, new Date('2001-03-12T06:00Z')).where('delay', '>', 60)
  stop('A filter inside a range: more than an hour late', late, list(await late.execute()))

  const several = airportsByCode(db, ['SFO', 'OAK', 'SJC'])
  const names = (await several.execute()).map(({ iata, name }) => `${iata} ${name}`)
  stop('A batch over several airports', several, names.join('\n'))

  const delays = delaysByAirport(db, ['SFO', 'OAK', 'SJC'])
  const delayed = (await delays.execute()).map(
    ({ origin, flights, mean }) => `${origin}  ${flights} flights, ${mean} min late`,
  )
  stop('An aggregate, grouped by airport', delays, delayed.join('\n'))

  const flight: Flight = { ...keyOf(last), delay: 0, distance: last.distance, seats: 1 }
  const upsert = upsertFlight(db, flight).returning(['seats', 'delay'])
  stop('An upsert: one seat is left on that flight', upsert, json(await upsert.executeTakeFirstOrThrow()))

  const book = bookSeat(db, keyOf(flight))
  const won = await book.executeTakeFirstOrThrow()
  stop('A conditional update that wins', book, `${won.numUpdatedRows} row updated`)
  const lost = await book.executeTakeFirstOrThrow()
  stop('The same, which loses: no seat is left', book, `${lost.numUpdatedRows} rows updated`)

  const count = countBooking(db, 'ORD').returning('bookings')
  stop('An atomic increment', count, json(await count.executeTakeFirstOrThrow()))

  const everywhere = db.selectFrom('flights').selectAll().where('delay', '>', 60)
  stops.push({
    title: 'A query without its hash key (calling execute() here would be an error of TypeScript’s)',
    query: 'select * from "flights" where "delay" > 60',
    // kysely-fokos-allow missing_hash_key: it shows what a refusal says
    result: refusal(() => everywhere.compile()),
  })
  return stops
}

function keyOf({ origin, departs_at, destination, sequence }: FlightKey): FlightKey {
  return { origin, departs_at, destination, sequence }
}

function list(flights: readonly (FlightKey & { delay: number; seats: number })[]): string {
  return flights
    .map(({ departs_at, destination, delay, seats }) => {
      const time = departs_at.toISOString().slice(0, 16).replace('T', ' ')
      return `${time}  ${destination}  ${`${delay} min`.padStart(8)} late  ${seats} seats`
    })
    .join('\n')
}

function json(row: object): string {
  return JSON.stringify(row)
}

function refusal(compile: () => unknown): string {
  try {
    compile()
    return 'was not refused'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}
