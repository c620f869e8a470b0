import type { Kysely, Transaction } from 'kysely'
import { retryTransaction } from 'kysely-fokos'
import type { Database } from './database.js'

/** Miles that a booking earns. */
export const MILES = 500

export interface Wish {
  readonly flight: string
  readonly traveller: string
}

/** What became of a wish. */
export interface Outcome {
  /** The number of the seat, or null for any. */
  readonly seat: number | null
  readonly booked: boolean
  readonly attempts: number
}

/** All that was sold and given, as it was at one moment. */
export interface Audit {
  readonly flights: readonly { number: string; seats: number; left: number; sold: number }[]
  readonly bookings: number
  readonly miles: number
}

/** Thrown in a transaction, it undoes all of it, and nothing more is sent. */
export class SoldOut extends Error {
  override name = 'SoldOut'
}

/** How a seat is taken: by one of the two functions below. */
export type TakeSeat = (trx: Transaction<Database>, flight: string) => Promise<number | null>

/**
 * Takes the next seat, and says which. What it writes follows from what it has read, so the flight must be as it
 * was when the transaction commits: of two at the same time, one runs again.
 */
export async function takeNextSeat(trx: Transaction<Database>, flight: string): Promise<number> {
  const { seats, left } = await trx
    .selectFrom('flights')
    .select(['seats', 'left'])
    .where('number', '=', flight)
    .executeTakeFirstOrThrow()
  if (left === 0) throw new SoldOut(flight)
  await trx
    .updateTable('flights')
    .set({ left: left - 1 })
    .where('number', '=', flight)
    .execute()
  return seats - left + 1
}

/**
 * Takes any seat. Nothing is known of the flight but that a seat was left: the commit only asks whether this is
 * still so. Bookings of others do not conflict with it, until the last seat is gone.
 */
export async function takeAnySeat(trx: Transaction<Database>, flight: string): Promise<null> {
  const { numUpdatedRows } = await trx
    .updateTable('flights')
    .set((eb) => ({ left: eb('left', '-', 1) }))
    .where('number', '=', flight)
    .where('left', '>', 0)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw new SoldOut(flight)
  return null
}

/** Books a seat, with its miles: all of it or nothing, in two partitions. */
export async function book(db: Kysely<Database>, wish: Wish, takeSeat: TakeSeat): Promise<Outcome> {
  const { flight, traveller } = wish
  let attempts = 0
  try {
    const seat = await retryTransaction(db, async (trx) => {
      attempts++
      const taken = await takeSeat(trx, flight)
      await trx.insertInto('bookings').values({ traveller, flight, seat: taken }).execute()
      await trx
        .updateTable('travellers')
        .set((eb) => ({ miles: eb('miles', '+', MILES) }))
        .where('id', '=', traveller)
        .execute()
      return taken
    })
    return { seat, booked: true, attempts }
  } catch (error) {
    if (!(error instanceof SoldOut)) throw error
    return { seat: null, booked: false, attempts }
  }
}

/** Opens a flight, and registers travellers that are not known yet. */
export async function open(
  db: Kysely<Database>,
  flight: { readonly number: string; readonly seats: number },
  travellers: readonly string[],
): Promise<void> {
  await db
    .insertInto('flights')
    .values({ ...flight, left: flight.seats })
    .execute()
  await db
    .insertInto('travellers')
    .values(travellers.map((id) => ({ id, miles: 0 })))
    .orIgnore()
    .execute()
}

/** Adds up what was sold and given: a transaction that only reads, over all the partitions that these are in. */
export function audit(
  db: Kysely<Database>,
  numbers: readonly string[],
  travellers: readonly string[],
): Promise<Audit> {
  return retryTransaction(
    db,
    async (trx) => {
      const flights = await trx.selectFrom('flights').selectAll().where('number', 'in', numbers).execute()
      const bookings = await trx
        .selectFrom('bookings')
        .select('flight')
        .where('traveller', 'in', travellers)
        .execute()
      const miles = await trx.selectFrom('travellers').select('miles').where('id', 'in', travellers).execute()
      const sold = (number: string) => bookings.filter(({ flight }) => flight === number).length
      return {
        flights: flights.map((flight) => ({ ...flight, sold: sold(flight.number) })),
        bookings: bookings.length,
        miles: miles.reduce((sum, traveller) => sum + traveller.miles, 0),
      }
    },
    { accessMode: 'read only' },
  )
}

/** What is wrong with an audit: nothing, ever. */
export function faults({ flights, bookings, miles }: Audit): string[] {
  const wrong = flights
    .filter(({ seats, left, sold }) => sold + left !== seats)
    .map(({ number, seats, left, sold }) => `${number}: ${sold} sold and ${left} left of ${seats} seats`)
  if (miles !== bookings * MILES) wrong.push(`${miles} miles were given for ${bookings} bookings`)
  return wrong
}
