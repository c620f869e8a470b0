import { type } from 'arktype'
import { Kysely } from 'kysely'
import { durableObjects } from '../../engine/runtime/durable-objects.js'
import { FokosError } from '../index.js'
import { type Database, database } from './database.js'

/*
 * The Durable Objects of the test project `validating`, and a Worker that a real server runs: there, code cannot be
 * made at run time, which test runners allow.
 */
export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

/** What {@link tryTable} has found: codes of errors, or `ok`. */
export interface Tried {
  readonly insert: string
  readonly badInsert: string
  readonly update: string
  readonly badUpdate: string
}

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    if (request.method === 'GET') return new Response('ready')
    const db = new Kysely<Database>({ dialect: new database.FokosDialect(env) })
    return Response.json({
      makesCode: await outcome(() => new Function('return 1')()),
      declaresArktype: await outcome(() => type({ id: 'string', n: 'number > 1' })({ id: 'a', n: 2 })),
      zod: await tryTable(db, 'zod'),
      valibot: await tryTable(db, 'valibot'),
      arktype: await tryTable(db, 'arktype'),
    })
  },
}

async function tryTable(db: Kysely<Database>, table: 'zod' | 'valibot' | 'arktype'): Promise<Tried> {
  const insert = (balance: number) =>
    db
      .insertInto(table)
      .values({ id: 'a', balance, owner: { name: 'Ann', tags: [] } })
      .execute()
  const update = (balance: number) => db.updateTable(table).set({ balance }).where('id', '=', 'a').execute()
  return {
    insert: await outcome(() => insert(1)),
    badInsert: await outcome(() => insert(-1)),
    update: await outcome(() => update(2)),
    badUpdate: await outcome(() => update(-2)),
  }
}

async function outcome(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'ok'
  } catch (error) {
    return error instanceof FokosError ? `${error.code}: ${error.message}` : String(error)
  }
}
