import type { Kysely } from 'kysely'
import type { Database } from './database.js'

/** What one call of a probe took, and whether it was refused. */
export interface Probed {
  readonly device: string
  readonly what: 'read' | 'write'
  readonly millis: number
  readonly error?: string
}

/** Reads a device's last readings, and then counts up its counter: what a reader and a writer see while it moves. */
export async function probe(db: Kysely<Database>, device: string): Promise<Probed[]> {
  const last = db
    .selectFrom('readings')
    .select('number')
    .where('device', '=', device)
    .orderBy('number', 'desc')
    .limit(3)
  const count = db
    .insertInto('counters')
    .values({ device, count: 1 })
    .onConflict((oc) => oc.doUpdateSet((eb) => ({ count: eb('counters.count', '+', 1) })))
  return [
    await timed(device, 'read', () => last.execute()),
    await timed(device, 'write', () => count.execute()),
  ]
}

async function timed(device: string, what: Probed['what'], work: () => Promise<unknown>): Promise<Probed> {
  const begun = performance.now()
  const error = await work().then(
    () => undefined,
    (refused: Error) => `${refused.name}: ${refused.message}`,
  )
  const probed = { device, what, millis: performance.now() - begun }
  return error === undefined ? probed : { ...probed, error }
}
