import type { Insertable, Kysely } from 'kysely'
import type { Database } from './database.js'

export type Flight = Insertable<Database['flights']>
export type Airport = Insertable<Database['airports']>
export type FlightKey = Pick<Flight, 'origin' | 'departs_at' | 'destination' | 'sequence'>

/** Departures of an airport between two times: one ordered interval of one hash key. */
export function departures(db: Kysely<Database>, origin: string, from: Date, to: Date) {
  return db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', origin)
    .where('departs_at', '>=', from)
    .where('departs_at', '<', to)
    .orderBy('departs_at')
}

/** The departures behind the last one of a page. The database goes straight there: it skips no rows. */
export function departuresAfter(db: Kysely<Database>, last: FlightKey, to: Date) {
  return db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', last.origin)
    .where('departs_at', '<', to)
    .where((eb) =>
      eb(
        eb.refTuple('departs_at', 'destination', 'sequence'),
        '>',
        eb.tuple(last.departs_at, last.destination, last.sequence),
      ),
    )
    .orderBy('departs_at')
}

/** Airports by their codes, from as many partitions as they lie in, at the same time. */
export function airportsByCode(db: Kysely<Database>, codes: readonly string[]) {
  return db.selectFrom('airports').selectAll().where('iata', 'in', codes)
}

/** How late flights leave, airport by airport: computed where the rows are, so that none of them travels. */
export function delaysByAirport(db: Kysely<Database>, origins: readonly string[]) {
  return db
    .selectFrom('flights')
    .select((eb) => [
      'origin',
      eb.fn.countAll<number>().as('flights'),
      eb.fn('round', [eb.fn.avg<number>('delay'), eb.val(1)]).as('mean'),
    ])
    .where('origin', 'in', origins)
    .groupBy('origin')
    .orderBy('mean', 'desc')
}

/** Takes a seat if there is one: says so with `numUpdatedRows`, 1 or 0. */
export function bookSeat(db: Kysely<Database>, flight: FlightKey) {
  return db
    .updateTable('flights')
    .set((eb) => ({ seats: eb('seats', '-', 1) }))
    .where((eb) => eb.and(flight))
    .where('seats', '>', 0)
}

/** Counts a booking: one atomic step in the partition, without reading first. */
export function countBooking(db: Kysely<Database>, iata: string) {
  return db
    .updateTable('airports')
    .set((eb) => ({ bookings: eb('bookings', '+', 1) }))
    .where('iata', '=', iata)
}

/** Writes a flight as it is now known, whether it was known before or not. */
export function upsertFlight(db: Kysely<Database>, flight: Flight) {
  return db
    .insertInto('flights')
    .values(flight)
    .onConflict((oc) =>
      oc
        .columns(['origin', 'departs_at', 'destination', 'sequence'])
        .doUpdateSet((eb) => ({ seats: eb.ref('excluded.seats'), delay: eb.ref('excluded.delay') })),
    )
}
