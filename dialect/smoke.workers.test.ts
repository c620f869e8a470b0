import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { expect, it } from 'vitest'
import { type Database, FokosDialect } from '../examples/quickstart/database.js'

it('smokes', async () => {
  const db = new Kysely<Database>({ dialect: new FokosDialect(env) })
  const departs_at = new Date('2001-01-01T06:00:00Z')
  const r = await db
    .insertInto('flights')
    .values([
      { origin: 'SFO', departs_at, destination: 'LAX', sequence: 0, delay: 1, distance: 2, seats: 3 },
      { origin: 'SFO', departs_at, destination: 'OAK', sequence: 0, delay: 10, distance: 2, seats: 3 },
    ])
    .executeTakeFirst()
  console.log(r)
  console.log(await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').execute())
  console.log(
    await db
      .selectFrom('flights')
      .select(['delay', 'departs_at'])
      .where('origin', '=', 'SFO')
      .where('delay', '>', 5)
      .execute(),
  )
  const q = db
    .updateTable('flights')
    .set((eb) => ({ seats: eb('seats', '-', 1) }))
    .where('origin', '=', 'SFO')
    .where('departs_at', '=', departs_at)
    .where('destination', '=', 'LAX')
    .where('sequence', '=', 0)
    .returningAll()
  console.log(q.compile().sql, q.compile().parameters, JSON.stringify(q.compile().query).length)
  console.log(await q.execute())
  await expect(
    db
      .insertInto('flights')
      .values([
        { origin: 'SFO', departs_at, destination: 'LAX', sequence: 0, delay: 1, distance: 2, seats: 3 },
      ])
      .execute(),
  ).rejects.toThrow('x')
})
