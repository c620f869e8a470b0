// Everything in this file must type-check.
import {
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  type Expression,
  type Insertable,
  type Kysely,
  type Selectable,
  type SelectQueryBuilder,
  sql,
  type Transaction,
} from 'kysely'
import { type Explanation, retryTransaction, scanEveryPartition } from '../../index.js'
import {
  anything,
  type Database,
  db,
  expectType,
  key,
  type Lazy,
  lazy,
  loose,
  type Unbranded,
  unbranded,
  undeclared,
} from './database.js'

type Flight = Selectable<Database['flights']>

export async function selects(): Promise<void> {
  const all = await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').execute()
  expectType<Flight[]>()(all)
  expectType<string | undefined>()(all[0]?.origin)
  expectType<Date | undefined>()(all[0]?.departs_at)

  const some = await db
    .selectFrom('flights')
    .select(['seats', 'delay as late', 'flights.destination'])
    .where('flights.origin', 'in', ['SFO', 'OAK'])
    .where('departs_at', '>=', new Date())
    .where('delay', 'is not', null)
    .orderBy('departs_at', 'desc')
    .limit(10)
    .executeTakeFirst()
  expectType<{ destination: string; seats: number; late: number | null } | undefined>()(some)

  await db
    .selectFrom('flights')
    .selectAll()
    .where((eb) => eb.and(key))
    .executeTakeFirstOrThrow()
  await db
    .selectFrom('flights')
    .selectAll()
    .where(({ eb, and }) => and([eb('origin', '=', 'SFO')]))
    .execute()
  await db.selectFrom('flights').selectAll('flights').where('origin', '=', 'SFO').execute()
  await db
    .selectFrom('flights')
    .select((eb) => [eb.ref('plane', '->$').key('model').as('model'), eb('seats', '+', 1).as('more')])
    .where('origin', '=', 'SFO')
    .where((eb) => eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(new Date(), 'LAX')))
    .execute()
  await db
    .selectFrom('flights as f')
    .select('f.seats')
    .where('f.origin', '=', 'SFO')
    .orderBy('f.departs_at')
    .execute()
  await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', 'SFO')
    .orderBy('origin')
    .orderBy('departs_at desc')
    .execute()
  await db.selectFrom('flights').select('departs_at as t').where('origin', '=', 'SFO').orderBy('t').execute()
  for await (const row of db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').stream(10)) {
    expectType<Flight>()(row)
  }
  await db.executeQuery(db.selectFrom('flights').selectAll().where('origin', '=', 'SFO'))
  await db.executeQuery(db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').compile())
  const { ref } = db.dynamic
  await db.selectFrom('flights').selectAll().where(ref<'origin'>('origin'), '=', 'SFO').execute()
  await db.selectFrom('counters').selectAll().where('name', '=', 7n).where('day', '<', 3).execute()
  await undeclared.selectFrom('notes').selectAll().where('hash_key', '=', 'a').execute()
}

export async function composition(late: boolean): Promise<void> {
  let query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
  if (late) query = query.where('departs_at', '>=', new Date())
  if (late) query = query.where('delay', '>', 10).orderBy('departs_at').limit(5)
  await query.execute()

  const maybe = await db
    .selectFrom('flights')
    .select('seats')
    .where('origin', '=', 'SFO')
    .$if(late, (qb) => qb.select('delay').where('departs_at', '<', new Date()))
    .executeTakeFirstOrThrow()
  expectType<number>()(maybe.seats)
  expectType<number | null | undefined>()(maybe.delay)

  await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').$call(onlyLate).execute()
  await onlyLateOfAny(db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')).execute()
  await departures(db, 'SFO').where('delay', '>', 10).execute()
  await db.transaction().execute(async (trx) => {
    await departures(trx, 'SFO').execute()
    await trx
      .updateTable('flights')
      .set({ seats: 1 })
      .where((eb) => eb.and(key))
      .execute()
    await trx.insertInto('travellers').values({ id: 'a', name: 'A' }).execute()
  })
  await db
    .transaction()
    .setIsolationLevel('serializable')
    .setAccessMode('read only')
    .execute(async (trx) => departures(trx, 'SFO').execute())
  const seats = await retryTransaction(db, async (trx) => {
    const flight = await trx
      .selectFrom('flights')
      .select('seats')
      .where((eb) => eb.and(key))
      .executeTakeFirst()
    return flight?.seats ?? 0
  })
  expectType<number>()(seats)
  await db
    .withPlugin(new CamelCasePlugin())
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', 'SFO')
    .execute()
  await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', 'SFO')
    .withPlugin(new DeduplicateJoinsPlugin())
    .execute()
  const narrowed = await db
    .selectFrom('flights')
    .select(['delay', 'seats'])
    .where('origin', '=', 'SFO')
    .$narrowType<{ delay: number }>()
    .executeTakeFirstOrThrow()
  expectType<{ delay: number; seats: number }>()(narrowed)
  const cast = await db
    .selectFrom('flights')
    .selectAll()
    .where('origin', '=', 'SFO')
    .$castTo<{ a: 1 }>()
    .execute()
  expectType<{ a: 1 }[]>()(cast)
  const expression: Expression<unknown> = db.selectFrom('flights').select('seats').where('origin', '=', 'SFO')
  expression.toOperationNode()
}

/** A helper as people write it, for Kysely's own builder. */
function onlyLate<O>(
  query: SelectQueryBuilder<Database, 'flights', O>,
): SelectQueryBuilder<Database, 'flights', O> {
  return query.where('delay', '>', 10)
}

function onlyLateOfAny<DB extends Database, O>(
  query: SelectQueryBuilder<DB, 'flights', O>,
): SelectQueryBuilder<DB, 'flights', O> {
  return query
}

function departures(database: Kysely<Database> | Transaction<Database>, origin: string) {
  return database.selectFrom('flights').selectAll().where('origin', '=', origin)
}

export async function writes(): Promise<void> {
  const inserted = await db
    .insertInto('flights')
    .values({ ...key, seats: 1, delay: null, tags: [], plane: { model: '', rows: [] } })
    .executeTakeFirstOrThrow()
  expectType<bigint | undefined>()(inserted.numInsertedOrUpdatedRows)
  await db
    .insertInto('travellers')
    .values([
      { id: 'a', name: 'A' },
      { id: 'b', name: 'B', miles: 1 },
    ])
    .execute()
  const upserted = await db
    .insertInto('travellers')
    .values({ id: 'a', name: 'A', miles: 1 })
    .onConflict((oc) =>
      oc
        .column('id')
        .doUpdateSet((eb) => ({ miles: eb.ref('excluded.miles'), name: eb.ref('travellers.name') })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  expectType<string>()(upserted.id)
  await db
    .insertInto('travellers')
    .values({ id: 'a', name: 'A' })
    .onConflict((oc) => oc.doNothing())
    .execute()
  await db.insertInto('travellers').values({ id: 'a', name: 'A' }).orIgnore().execute()
  await db.replaceInto('travellers').values({ id: 'a', name: 'A' }).execute()
  const returned = await db
    .updateTable('flights')
    .set((eb) => ({ seats: eb('seats', '-', 1) }))
    .set('delay', 5)
    .where('origin', '=', 'SFO')
    .where('departs_at', '=', new Date())
    .where('destination', '=', 'LAX')
    .where('seats', '>', 0)
    .returning(['seats', 'origin'])
    .executeTakeFirst()
  expectType<{ seats: number; origin: string } | undefined>()(returned)
  const updated = await db
    .updateTable('travellers')
    .set({ name: 'B' })
    .where('id', '=', 'a')
    .$if(true, (qb) => qb.where('name', '=', 'A'))
    .executeTakeFirstOrThrow()
  expectType<bigint>()(updated.numUpdatedRows)
  await db.updateTable('travellers as t').set({ miles: 1 }).where('t.id', '=', 'a').execute()
  const deleted = await db.deleteFrom('travellers').where('id', '=', 'a').returningAll().execute()
  expectType<string | undefined>()(deleted[0]?.name)
  let removal = db.deleteFrom('travellers').where('id', '=', 'a')
  if (deleted.length > 0) removal = removal.where('miles', '<', 1)
  await removal.execute()
}

export async function explanations(): Promise<void> {
  const explained = await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').explain()
  expectType<Explanation[]>()(explained)
  await db
    .selectFrom('flights')
    .selectAll()
    .where((eb) => eb.and(key))
    .explain()
  await db.insertInto('travellers').values({ id: 'a', name: 'A' }).explain()
  await db.updateTable('travellers').set({ name: 'B' }).where('id', '=', 'a').explain()
  await db.deleteFrom('travellers').where('id', '=', 'a').explain()
  await explainAny(db.selectFrom('flights').selectAll().where('origin', '=', 'SFO'))
  const rows = await unbranded.selectFrom('person').selectAll().explain<{ plan: string }>('json')
  expectType<{ plan: string }[]>()(rows)
}

/** A helper as people write it, for Kysely's own builder. */
function explainAny<O>(query: SelectQueryBuilder<Database, 'flights', O>) {
  return query.explain('json')
}

export async function scans(): Promise<void> {
  const pages = scanEveryPartition(db.selectFrom('flights').selectAll(), { segment: 1, segments: 4 })
  for await (const { rows, cursor } of pages) {
    expectType<Flight[]>()(rows)
    expectType<string | undefined>()(cursor)
  }
  const some = db
    .selectFrom('flights as f')
    .select(['seats', 'f.delay as late'])
    .where('delay', '>', 60)
    .where((eb) => eb.or([eb('seats', '<', 1), eb('origin', '=', 'SFO')]))
  for await (const { rows } of scanEveryPartition(some, { pageSize: 10 })) {
    expectType<{ seats: number; late: number | null }[]>()(rows)
  }
  for await (const { rows } of scanEveryPartition(unbranded.selectFrom('person').select('name'))) {
    expectType<{ name: string }[]>()(rows)
  }
  for await (const { rows } of scanEveryPartition(anything.selectFrom('whatever').selectAll())) {
    rows[0]?.whatever
  }
}

export async function aggregates(): Promise<void> {
  const ofSfo = db.selectFrom('flights').where('origin', '=', 'SFO')
  const total = await ofSfo
    .select((eb) => [eb.fn.countAll<number>().as('flights'), eb.fn.sum<number | null>('seats').as('seats')])
    .executeTakeFirstOrThrow()
  expectType<{ flights: number; seats: number | null }>()(total)
  const days = await ofSfo
    .select(['departs_at', (eb) => eb.fn.max('delay').as('worst')])
    .groupBy('departs_at')
    .having((eb) => eb.fn.countAll<number>(), '>', 1)
    .having('departs_at', '<', new Date())
    .havingRef('departs_at', '=', 'departs_at')
    .orderBy('worst', 'desc')
    .limit(3)
    .offset(1)
    .execute()
  expectType<{ departs_at: Date; worst: number | null }[]>()(days)
  await ofSfo.select('destination').distinct().orderBy('destination').execute()
  await ofSfo.select('destination').groupBy(['flights.departs_at', 'destination']).execute()
  await ofSfo
    .select((eb) => [
      eb.fn.coalesce('delay', eb.val(0)).as('late'),
      eb.fn<string>('lower', ['destination']).as('to'),
      eb.case().when('seats', '=', 0).then('full').else('free').end().as('state'),
      eb.cast<string>('seats', 'text').as('text'),
    ])
    .execute()
}

export async function intervals(): Promise<void> {
  const ofSfo = db.updateTable('flights').set({ seats: 0 }).where('origin', '=', 'SFO')
  const { numUpdatedRows } = await ofSfo.where('departs_at', '<', new Date()).executeTakeFirstOrThrow()
  expectType<bigint>()(numUpdatedRows)
  const gone = await db
    .deleteFrom('flights')
    .where('origin', '=', 'SFO')
    .where('departs_at', '<', new Date())
    .returning('destination')
    .execute()
  expectType<{ destination: string }[]>()(gone)
  await ofSfo.set((eb) => eb.ref('plane', '->$').key('model'), 'A320').execute()
}

/** Databases of other dialects, in the same program, see Kysely as it is. */
export async function others(): Promise<void> {
  const rows = await unbranded
    .selectFrom('person')
    .innerJoin('pet', 'pet.owner_id', 'person.id')
    .select(['person.name', 'pet.id'])
    .orderBy('name')
    .offset(3)
    .execute()
  expectType<{ name: string; id: number }[]>()(rows)
  await unbranded.updateTable('person').set({ id: 2 }).execute()
  await unbranded.deleteFrom('person').execute()
  await unbranded
    .with('p', (qb) => qb.selectFrom('person').selectAll())
    .selectFrom('p')
    .selectAll()
    .execute()
  await unbranded.selectFrom(['person', 'pet']).selectAll().execute()
  await unbranded
    .selectFrom('person')
    .selectAll()
    .where((eb) =>
      eb.exists(eb.selectFrom('pet').select('pet.id').whereRef('pet.owner_id', '=', 'person.id')),
    )
    .execute()
  await unbranded.mergeInto('person').using('pet', 'pet.id', 'person.id').whenMatched().thenDelete().execute()
  await unbranded.selectNoFrom((eb) => eb.val(1).as('one')).execute()
  await anything.selectFrom('whatever').innerJoin('x', 'a', 'b').selectAll().execute()
  await anything.selectFrom(['a', 'b']).selectAll().execute()
  await anything.updateTable('whatever').set({ a: 1 }).execute()
  await anything
    .with('p', (qb) => qb.selectFrom('person').selectAll())
    .selectFrom('p')
    .selectAll()
    .execute()
  await sql`select 1`.execute(unbranded)
  const other: Kysely<Unbranded> = unbranded
  // biome-ignore lint/suspicious/noExplicitAny: repositories take this
  const any: Kysely<any> = db
  await any.selectFrom('x').selectAll().execute()
  await other.destroy()
}

export async function rowsOfOtherKinds(): Promise<void> {
  await loose
    .selectFrom('notes')
    .selectAll()
    .where('id', '=', 'a')
    .where('anything', '=', 1)
    .orderBy('at', 'desc')
    .execute()
  const made = await loose.selectFrom('made').selectAll().where('id', '=', 'a').execute()
  expectType<{ id: string; n: number }[]>()(made)
  await loose.updateTable('made').set({ n: 2 }).where('id', '=', 'a').execute()
  await undeclared.selectFrom('pages').selectAll().where('hash_key', '=', 'a').orderBy('sort_key').execute()
  await undeclared.deleteFrom('pages').where('hash_key', '=', 'a').where('sort_key', '=', 'b').execute()
}

export async function rowsWithDefaults(): Promise<void> {
  await lazy.insertInto('orders').values({ customer: 'ann' }).execute()
  await lazy
    .insertInto('orders')
    .values([
      { customer: 'ann', id: 'a', state: 'paid', placed_at: new Date(), tags: ['x'], note: 'y' },
      { customer: 'bob', id: undefined, state: undefined },
    ])
    .execute()
  await lazy.replaceInto('pages').values({ text: 'a' }).execute()
  const visit = await lazy
    .insertInto('visits')
    .defaultValues()
    .returning(['id', 'page'])
    .executeTakeFirstOrThrow()
  expectType<{ id: string; page: string | null }>()(visit)
  const order = await lazy
    .selectFrom('orders')
    .selectAll()
    .where('customer', '=', 'ann')
    .executeTakeFirstOrThrow()
  expectType<{
    customer: string
    id: string
    state: 'new' | 'paid'
    placed_at: Date
    tags: string[]
    note: string | undefined
    made: number
  }>()(order)
  const inserted: Insertable<Lazy['visits']> = {}
  await lazy.insertInto('visits').values(inserted).execute()
  await lazy
    .updateTable('orders')
    .set({ state: 'paid', placed_at: new Date() })
    .where('customer', '=', 'ann')
    .where('id', '=', 'a')
    .execute()
}
