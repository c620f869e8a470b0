import { Kysely } from 'kysely'
import { durableObjects, openStore } from 'kysely-fokos/engine'
import { type Database, database, FokosDialect } from './database.js'
import { exportLines } from './export-lines.js'
import { measure } from './measure.js'

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    const db = new Kysely<Database>({ dialect: new FokosDialect(env) })
    const { pathname, searchParams: query } = new URL(request.url)
    switch (`${request.method} ${pathname}`) {
      // curl 'http://127.0.0.1:8787/export?segment=0&segments=4' > measurements-0.ndjson
      case 'GET /export': {
        const lines = exportLines(db, {
          ...numbers(query, 'segment', 'segments', 'pages', 'pageSize'),
          ...(query.has('cursor') ? { cursor: query.get('cursor') as string } : undefined),
        })
        return new Response(streamOf(lines), {
          headers: { 'content-type': 'application/x-ndjson' },
        })
      }
      case 'POST /measure': {
        const { devices, count } = await request.json<{ devices: string[]; count: number }>()
        await Promise.all(devices.map((device) => measure(db, device, count)))
        return Response.json(null)
      }
      case 'GET /partitions': {
        const tree = await openStore(env).tree()
        return Response.json(tree.filter(({ items }) => items > 0).length)
      }
      default:
        return Response.json(null, { status: 404 })
    }
  },
}

/** Asks for a text when there is room for it, and for no more when nobody reads any more. */
function streamOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await texts.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await texts.return(undefined)
    },
  })
}

function numbers(query: URLSearchParams, ...names: string[]): { [name: string]: number } {
  return Object.fromEntries(
    names.filter((name) => query.has(name)).map((name) => [name, Number(query.get(name))]),
  )
}
