import { Kysely } from 'kysely'
import { durableObjects } from 'kysely-fokos/engine'
import { audit, book, faults, open, takeAnySeat, takeNextSeat } from './bookings.js'
import { type Database, database, FokosDialect } from './database.js'

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    const db = new Kysely<Database>({ dialect: new FokosDialect(env) })
    const route = routes[`${request.method} ${new URL(request.url).pathname}`]
    if (route === undefined) return Response.json({ routes: Object.keys(routes) }, { status: 404 })
    try {
      return Response.json((await route(db, await request.json())) ?? null)
    } catch (error) {
      const { name, message } = error as Error
      return Response.json({ error: `${name}: ${message}` }, { status: 400 })
    }
  },
}

// biome-ignore lint/suspicious/noExplicitAny: what comes in is the example's own
type Route = (db: Kysely<Database>, body: any) => Promise<unknown>

const routes: { readonly [route: string]: Route } = {
  'POST /open': (db, { flight, travellers }) => open(db, flight, travellers),
  'POST /book': (db, { wish, seat }) => book(db, wish, seat === 'next' ? takeNextSeat : takeAnySeat),
  'POST /audit': async (db, { flights, travellers }) => {
    const found = await audit(db, flights, travellers)
    return { wrong: faults(found), audit: found }
  },
}
