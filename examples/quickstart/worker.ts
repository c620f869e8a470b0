import { Kysely } from 'kysely'
import { durableObjects } from 'kysely-fokos/engine'
import { type Database, database, FokosDialect } from './database.js'
import { countFlights, loadAirports, loadFlights } from './load.js'
import { airportsByCode, bookSeat, departures } from './queries.js'
import { takeTour } from './tour.js'

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    const db = new Kysely<Database>({ dialect: new FokosDialect(env) })
    const url = new URL(request.url)
    const route = routes[`${request.method} ${url.pathname}`]
    if (route === undefined) return Response.json({ routes: Object.keys(routes) }, { status: 404 })
    try {
      return Response.json((await route(db, url.searchParams, request)) ?? null)
    } catch (error) {
      return Response.json({ error: (error as Error).message }, { status: 400 })
    }
  },
}

type Route = (db: Kysely<Database>, query: URLSearchParams, request: Request) => Promise<unknown>

const routes: { readonly [route: string]: Route } = {
  // curl '…/departures?origin=ORD&from=2001-03-09T06:00Z&to=2001-03-09T12:00Z'
  'GET /departures': (db, query) =>
    departures(db, text(query, 'origin'), date(query, 'from'), date(query, 'to')).limit(20).execute(),

  // curl '…/airports?iata=SFO,OAK'
  'GET /airports': (db, query) => airportsByCode(db, text(query, 'iata').split(',')).execute(),

  // curl -X POST '…/book?origin=ORD&departs_at=2001-03-09T06:05Z&destination=LAX'
  'POST /book': async (db, query) => {
    const flight = {
      origin: text(query, 'origin'),
      departs_at: date(query, 'departs_at'),
      destination: text(query, 'destination'),
      sequence: Number(query.get('sequence') ?? 0),
    }
    const { numUpdatedRows } = await bookSeat(db, flight).executeTakeFirstOrThrow()
    return { booked: numUpdatedRows === 1n }
  },

  // What the demo's script calls.
  'GET /tour': (db) => takeTour(db),
  'GET /loads': (db, query) =>
    db.selectFrom('loads').selectAll().where('source', '=', text(query, 'source')).execute(),
  'POST /loads': async (db, _, request) => {
    const { source, rows } = await request.json<{ source: string; rows: number }>()
    await db.replaceInto('loads').values({ source, rows, finished_at: new Date() }).execute()
  },
  'POST /flights': async (db, _, request) => {
    const flights =
      await request.json<(Parameters<typeof loadFlights>[1][number] & { departs_at: string })[]>()
    await loadFlights(
      db,
      flights.map((flight) => ({ ...flight, departs_at: new Date(flight.departs_at) })),
    )
  },
  'POST /airports': async (db, _, request) => loadAirports(db, await request.json()),
  'POST /count': async (db, _, request) => countFlights(db, await request.json()),
}

function text(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value === null || value === '') throw new Error(`say ${name}=…`)
  return value
}

function date(query: URLSearchParams, name: string): Date {
  const value = new Date(text(query, name))
  if (Number.isNaN(value.getTime())) throw new Error(`${name} is a time such as 2001-03-09T06:00Z`)
  return value
}
