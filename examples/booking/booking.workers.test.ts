import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { audit, book, faults, open, type TakeSeat, takeAnySeat, takeNextSeat } from './bookings.js'
import { type Database, FokosDialect } from './database.js'

const SEATS = 30
const FLIGHT = 'FK 1'
const travellers = Array.from({ length: 50 }, (_, i) => `traveller-${i}`)

/** Lets everybody book at once, and looks at the total all the while. */
async function sell(database: string, takeSeat: TakeSeat) {
  const db = new Kysely<Database>({ dialect: new FokosDialect(env, { database }) })
  await open(db, { number: FLIGHT, seats: SEATS }, travellers)
  let selling = true
  const outcomes = Promise.all(
    travellers.map((traveller) => book(db, { flight: FLIGHT, traveller }, takeSeat)),
  ).finally(() => {
    selling = false
  })
  const looks: string[][] = []
  while (selling) {
    looks.push(faults(await audit(db, [FLIGHT], travellers)))
    // Calls alone never let a timer come to its turn here.
    await scheduler.wait(1)
  }
  return { outcomes: await outcomes, looks, end: await audit(db, [FLIGHT], travellers), db }
}

describe.each([
  { how: 'next', takeSeat: takeNextSeat },
  { how: 'any', takeSeat: takeAnySeat },
])('fifty who want the $how seat of thirty', ({ how, takeSeat }) => {
  it('get thirty, and the total is right whenever anybody looks', async () => {
    const { outcomes, looks, end, db } = await sell(`booking-${how}`, takeSeat)
    expect(outcomes.filter(({ booked }) => booked).length).toBe(SEATS)
    expect(looks.length).toBeGreaterThan(0)
    expect(looks.flat()).toEqual([])
    expect(end).toEqual({
      flights: [{ number: FLIGHT, seats: SEATS, left: 0, sold: SEATS }],
      bookings: SEATS,
      miles: SEATS * 500,
    })
    if (how === 'next') {
      const seats = outcomes.flatMap(({ seat }) => seat ?? []).sort((left, right) => left - right)
      expect(seats).toEqual(Array.from({ length: SEATS }, (_, i) => i + 1))
    }
    const late = await book(db, { flight: FLIGHT, traveller: 'late' }, takeSeat)
    expect(late).toEqual({ seat: null, booked: false, attempts: 1 })
  })
})
