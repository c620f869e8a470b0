// Fifty clients book thirty seats at the same time, in a local workerd, while somebody adds up what was sold.
// `npm run example:booking` runs it; what it writes stays in .wrangler/booking, so a second run adds to the first.
import { startServer } from '../local-server.ts'
import type { Audit, Outcome } from './bookings.js'

const SEATS = 30
const TRAVELLERS = Array.from({ length: 50 }, (_, i) => `traveller-${i + 1}`)

const WAYS = {
  next: 'each the next one (the seat is read, and written as it was read)',
  any: 'each any of them (the seat is taken by an update with a condition)',
}

const server = await startServer('examples/booking/wrangler.toml', '.wrangler/booking')
try {
  const run = new Date().toISOString().slice(0, 19)
  const first = await sell(`FK1 ${run}`, 'next')
  const second = await sell(`FK2 ${run}`, 'any')
  show(await look([first, second]))
} finally {
  await server.stop()
}

/** Sells a flight to all travellers at once, and says what came of it. */
async function sell(flight: string, seat: 'next' | 'any'): Promise<string> {
  await server.post('/open', { flight: { number: flight, seats: SEATS }, travellers: TRAVELLERS })
  console.log(`\n■ ${TRAVELLERS.length} travellers want one of ${SEATS} seats of ${flight}, ${WAYS[seat]}`)
  let selling = true
  const sold = Promise.all(
    TRAVELLERS.map((traveller) => server.post<Outcome>('/book', { wish: { flight, traveller }, seat })),
  ).finally(() => {
    selling = false
  })
  const seen: number[] = []
  while (selling) {
    const { flights } = await look([flight])
    for (const { sold } of flights) seen.push(sold)
  }
  const outcomes = await sold
  const attempts = outcomes.map((outcome) => outcome.attempts)
  const booked = outcomes.filter((outcome) => outcome.booked)
  console.log(`  ${booked.length} booked, ${outcomes.length - booked.length} were told that it is sold out`)
  console.log(
    `  ${attempts.reduce((sum, each) => sum + each, 0)} attempts, ${Math.max(...attempts)} at most for one`,
  )
  if (seat === 'next') {
    const seats = new Set(booked.map((outcome) => outcome.seat))
    console.log(
      `  ${seats.size} different seats, from ${Math.min(...numbers(seats))} to ${Math.max(...numbers(seats))}`,
    )
  }
  console.log(`  looked at meanwhile, it had sold ${seen.join(', ')}: the total was right each time`)
  return flight
}

/** @throws when something was sold twice, or miles were given for nothing. */
async function look(flights: readonly string[]): Promise<Audit> {
  const { wrong, audit } = await server.post<{ wrong: string[]; audit: Audit }>('/audit', {
    flights,
    travellers: TRAVELLERS,
  })
  if (wrong.length > 0) throw new Error(wrong.join('; '))
  return audit
}

function show({ flights, bookings, miles }: Audit): void {
  console.log('\n■ In the end')
  for (const { number, seats, left, sold } of flights) {
    console.log(`  ${number}: ${sold} sold + ${left} left = ${seats} seats`)
  }
  console.log(`  ${miles} miles = ${bookings} bookings × 500, of this run and those before`)
}

function numbers(seats: Iterable<number | null>): number[] {
  return [...seats].filter((seat) => seat !== null)
}
