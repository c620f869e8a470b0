import { Kysely } from 'kysely'
import { scanEveryPartition } from 'kysely-fokos'
import { durableObjects, openStore } from 'kysely-fokos/engine'
import { type Database, database, FokosDialect } from './database.js'
import { probe } from './probe.js'

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

/** One for all requests: it keeps in mind where keys are. */
let shared: Kysely<Database> | undefined

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    shared ??= new Kysely<Database>({ dialect: new FokosDialect(env) })
    const db = shared
    switch (`${request.method} ${new URL(request.url).pathname}`) {
      case 'POST /readings': {
        const readings = await request.json<{ device: string; number: number; text: string }[]>()
        // Statements of a few rows, each of one device.
        const statements = Map.groupBy(readings, ({ device, number }) => `${device} ${number >> 2}`)
        await Promise.all(
          [...statements.values()].map((rows) => db.replaceInto('readings').values(rows).execute()),
        )
        return Response.json(null)
      }
      case 'POST /probe': {
        const devices = await request.json<string[]>()
        return Response.json((await Promise.all(devices.map((device) => probe(db, device)))).flat())
      }
      case 'POST /counters': {
        const devices = await request.json<string[]>()
        return Response.json(
          await db.selectFrom('counters').selectAll().where('device', 'in', devices).execute(),
        )
      }
      case 'GET /count': {
        let count = 0
        for await (const { rows } of scanEveryPartition(db.selectFrom('readings').select('number'))) {
          count += rows.length
        }
        return Response.json(count)
      }
      case 'GET /tree':
        return Response.json(await openStore(env, { roots: 2, fanout: 4 }).tree())
      default:
        return Response.json(null, { status: 404 })
    }
  },
}
