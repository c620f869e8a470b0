import { env } from 'cloudflare:workers'
import * as everything from 'kysely'
import {
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  HandleEmptyInListsPlugin,
  Kysely,
  type KyselyPlugin,
  ParseJSONResultsPlugin,
  pushValueIntoList,
  replaceWithNoncontingentExpression,
  WithSchemaPlugin,
} from 'kysely'
import { describe, expect, it } from 'vitest'
import {
  ConstraintError,
  defineDatabase,
  type InferDatabase,
  scanEveryPartition,
  table,
  UnsupportedQueryError,
  ulid,
} from './index.js'

const database = defineDatabase({
  tables: {
    seat_bookings: table<{
      flight_code: string
      booking_id: string
      booked_at: Date
      seat_count: number
      meal_plan: { main_dish: string; sideDish: string } | null
      note: string | null
    }>()({
      hashKey: 'flight_code',
      sortKey: 'booking_id',
      defaults: { booking_id: ulid, seat_count: 1, meal_plan: null, note: null },
    }),
  },
})
type Database = InferDatabase<typeof database>

/** A name as CamelCasePlugin makes it. */
type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name

/** A database whose tables and columns are called as CamelCasePlugin calls them. */
type CamelCased<DB> = {
  [T in keyof DB & string as CamelCase<T>]: { [C in keyof DB[T] & string as CamelCase<C>]: DB[T][C] }
}

interface Namespace {
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }

let databases = 0
function open<DB = Database>(...plugins: KyselyPlugin[]) {
  const calls: string[] = []
  const counted = {
    ...bindings,
    FOKOS_PARTITION: {
      getByName(partition: string) {
        calls.push(partition)
        return bindings.FOKOS_PARTITION.getByName(partition)
      },
    },
  }
  const name = `plugins-${databases++}`
  const dialect = () => new database.FokosDialect(counted, { database: name })
  return {
    db: new Kysely<DB>({ dialect: dialect(), plugins }),
    /** The same database without plugins. */
    plain: new Kysely<Database>({ dialect: dialect() }),
    calls,
  }
}

/** Kysely 0.29.0 gives each of several plugins the result as it came from the database. */
async function passesResultsOn(): Promise<boolean> {
  let passed = false
  const adds: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => ({ ...result, rows: [{ added: true }] }),
  }
  const looks: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      passed = result.rows.length > 0
      return result
    },
  }
  await open(adds, looks).db.selectFrom('seat_bookings').selectAll().where('flight_code', 'in', []).execute()
  return passed
}

const booked = new Date('2001-01-01')
const booking = {
  flight_code: 'SFO-1',
  booking_id: 'a',
  booked_at: booked,
  seat_count: 2,
  meal_plan: { main_dish: 'rice', sideDish: 'beans' },
  note: null,
}

describe('CamelCasePlugin', () => {
  const camel = () => open<CamelCased<Database>>(new CamelCasePlugin({ maintainNestedObjectKeys: true }))
  const mealPlan = { main_dish: 'rice', sideDish: 'beans' }

  it('runs every kind of query over tables that are declared in snake_case', async () => {
    const { db, plain } = camel()
    await db
      .insertInto('seatBookings')
      .values({ flightCode: 'SFO-1', bookingId: 'a', bookedAt: booked, seatCount: 2, mealPlan })
      .execute()
    expect(
      await plain.selectFrom('seat_bookings').selectAll().where('flight_code', '=', 'SFO-1').execute(),
    ).toEqual([booking])
    const update = await db
      .updateTable('seatBookings')
      .set((eb) => ({ seatCount: eb('seatCount', '+', 1) }))
      .where('flightCode', '=', 'SFO-1')
      .where('bookingId', '=', 'a')
      .where('bookedAt', '<=', booked)
      .returning(['seatCount', 'mealPlan'])
      .executeTakeFirst()
    expect(update).toEqual({ seatCount: 3, mealPlan })
    const rows = await db
      .selectFrom('seatBookings as b')
      .select(['b.bookingId', 'b.mealPlan', 'b.bookedAt as since'])
      .where('b.flightCode', '=', 'SFO-1')
      .where('b.bookingId', '>', '')
      .orderBy('b.bookingId', 'desc')
      .execute()
    expect(rows).toEqual([{ bookingId: 'a', mealPlan, since: booked }])
    const deleted = await db
      .deleteFrom('seatBookings')
      .where('flightCode', '=', 'SFO-1')
      .where('bookingId', '=', 'a')
      .returningAll()
      .executeTakeFirst()
    expect(deleted).toMatchObject({ flightCode: 'SFO-1', seatCount: 3 })
  })

  it('has columns with defaults, upserts, streams and transactions', async () => {
    const { db } = camel()
    const insert = () => db.insertInto('seatBookings').values({ flightCode: 'SFO-1', bookedAt: booked })
    const first = await insert().returningAll().executeTakeFirstOrThrow()
    expect(first).toEqual({
      flightCode: 'SFO-1',
      bookingId: expect.stringMatching(/^[0-9A-Z]{26}$/),
      bookedAt: booked,
      seatCount: 1,
      mealPlan: null,
      note: null,
    })
    const again = db
      .insertInto('seatBookings')
      .values({ ...first, seatCount: 5 })
      .onConflict((oc) =>
        oc
          .columns(['flightCode', 'bookingId'])
          .doUpdateSet((eb) => ({ seatCount: eb.ref('excluded.seatCount') })),
      )
    await again.execute()
    const streamed: object[] = []
    for await (const row of db
      .selectFrom('seatBookings')
      .selectAll()
      .where('flightCode', '=', 'SFO-1')
      .stream(1)) {
      streamed.push(row)
    }
    expect(streamed).toEqual([{ ...first, seatCount: 5 }])
    await db.transaction().execute(async (trx) => {
      await trx
        .updateTable('seatBookings')
        .set({ note: 'x' })
        .where('flightCode', '=', 'SFO-1')
        .where('bookingId', '=', first.bookingId)
        .execute()
      const seen = await trx
        .selectFrom('seatBookings')
        .select('note')
        .where('flightCode', '=', 'SFO-1')
        .execute()
      expect(seen).toEqual([{ note: 'x' }])
    })
    const row = await db
      .insertInto('seatBookings')
      .values({ ...first })
      .execute()
      .catch((error: unknown) => error)
    expect(row).toBeInstanceOf(ConstraintError)
    expect((row as Error).message).toContain('seat_bookings (flight_code = "SFO-1", booking_id = ')
  })

  it('renames the rows of full scans, where Kysely hands results from plugin to plugin', async () => {
    const { db } = camel()
    await db.insertInto('seatBookings').values({ flightCode: 'SFO-1', bookedAt: booked }).execute()
    const scanned: object[] = []
    for await (const { rows } of scanEveryPartition(db.selectFrom('seatBookings').selectAll())) {
      scanned.push(...rows)
    }
    const name = (await passesResultsOn()) ? 'flightCode' : 'flight_code'
    expect(scanned).toEqual([expect.objectContaining({ [name]: 'SFO-1' })])
  })

  it('refuses a query without its hash key, in the types too', async () => {
    const { db, calls } = camel()
    const query = db.selectFrom('seatBookings').selectAll().where('seatCount', '>', 1)
    // @ts-expect-error: its hash key is missing
    await expect(query.execute()).rejects.toThrow(
      /on "seat_bookings" must compare its hash key "flight_code"/,
    )
    expect(calls).toEqual([])
  })

  it('without maintainNestedObjectKeys renames the fields of nested objects, when they are read', async () => {
    const { db, plain } = open<CamelCased<Database>>(new CamelCasePlugin())
    await db
      .insertInto('seatBookings')
      .values({ flightCode: 'SFO-1', bookingId: 'a', bookedAt: booked, mealPlan })
      .execute()
    const read = db.selectFrom('seatBookings').select('mealPlan').where('flightCode', '=', 'SFO-1')
    expect(await read.executeTakeFirst()).toEqual({ mealPlan: { mainDish: 'rice', sideDish: 'beans' } })
    const stored = plain.selectFrom('seat_bookings').select('meal_plan').where('flight_code', '=', 'SFO-1')
    expect(await stored.executeTakeFirst()).toEqual({ meal_plan: mealPlan })
  })
})

describe('ParseJSONResultsPlugin', () => {
  it('makes values of texts that look like JSON, which nothing here needs', async () => {
    const { db, plain } = open(new ParseJSONResultsPlugin())
    await db
      .insertInto('seat_bookings')
      .values({ ...booking, note: '[1]' })
      .execute()
    const note = (of: Kysely<Database>) =>
      of
        .selectFrom('seat_bookings')
        .select(['note', 'booked_at', 'meal_plan'])
        .where('flight_code', '=', 'SFO-1')
        .executeTakeFirst()
    const { booked_at, meal_plan } = booking
    expect(await note(plain)).toEqual({ note: '[1]', booked_at, meal_plan })
    expect(await note(db)).toEqual({ note: [1], booked_at, meal_plan })
  })
})

describe('DeduplicateJoinsPlugin', () => {
  it('changes nothing', async () => {
    const { db } = open(new DeduplicateJoinsPlugin())
    await db.insertInto('seat_bookings').values(booking).execute()
    expect(
      await db.selectFrom('seat_bookings').selectAll().where('flight_code', '=', 'SFO-1').execute(),
    ).toEqual([booking])
  })
})

describe('WithSchemaPlugin', () => {
  it('is refused, before anything is sent', async () => {
    const { db, calls } = open(new WithSchemaPlugin('s'))
    for (const query of [
      db.selectFrom('seat_bookings').selectAll().where('flight_code', '=', 'SFO-1'),
      db.insertInto('seat_bookings').values(booking),
      db.deleteFrom('seat_bookings').where('flight_code', '=', 'a').where('booking_id', '=', 'b'),
    ]) {
      const error = await query.execute().catch((error: unknown) => error)
      expect(error).toBeInstanceOf(UnsupportedQueryError)
      expect((error as UnsupportedQueryError).code).toBe('schema')
    }
    expect(calls).toEqual([])
  })
})

describe.each([
  ['replaceWithNoncontingentExpression', replaceWithNoncontingentExpression],
  ['pushValueIntoList', pushValueIntoList('__no value__')],
] as const)('HandleEmptyInListsPlugin with %s', (_, strategy) => {
  const plugin = () => new HandleEmptyInListsPlugin({ strategy })

  it('finds and changes nothing for an empty list of keys, without asking anybody', async () => {
    const { db, calls } = open(plugin())
    const all = db.selectFrom('seat_bookings').selectAll()
    expect(await all.where('flight_code', 'in', []).execute()).toEqual([])
    expect(await all.where('flight_code', '=', 'SFO-1').where('booking_id', 'in', []).execute()).toEqual([])
    const update = db.updateTable('seat_bookings').set({ note: 'x' })
    const nowhere = update.where('flight_code', 'in', []).where('booking_id', '=', 'a')
    expect((await nowhere.executeTakeFirst()).numUpdatedRows).toBe(0n)
    expect(calls).toEqual([])
  })

  it('filters by an empty list', async () => {
    const { db } = open(plugin())
    await db.insertInto('seat_bookings').values(booking).execute()
    const ofFlight = db.selectFrom('seat_bookings').select('booking_id').where('flight_code', '=', 'SFO-1')
    expect(await ofFlight.where('seat_count', 'in', []).execute()).toEqual([])
    expect(await ofFlight.where('seat_count', 'not in', []).execute()).toEqual([{ booking_id: 'a' }])
  })
})

describe('without HandleEmptyInListsPlugin', () => {
  it('empty lists are as in SQLite', async () => {
    const { db, calls } = open()
    const all = db.selectFrom('seat_bookings').select('booking_id')
    expect(await all.where('flight_code', 'in', []).execute()).toEqual([])
    expect(calls).toEqual([])
    await db.insertInto('seat_bookings').values(booking).execute()
    const others = all.where('flight_code', '=', 'SFO-1').where('seat_count', 'not in', [])
    expect(await others.execute()).toEqual([{ booking_id: 'a' }])
  })
})

// Kysely has it from 0.29 on.
const { SafeNullComparisonPlugin } = everything as unknown as {
  SafeNullComparisonPlugin?: new () => KyselyPlugin
}

describe('SafeNullComparisonPlugin', () => {
  it('makes comparisons with null find what is null', async () => {
    if (SafeNullComparisonPlugin === undefined) return
    const { db, plain } = open(new SafeNullComparisonPlugin())
    await db
      .insertInto('seat_bookings')
      .values([booking, { ...booking, booking_id: 'b', note: 'x' }])
      .execute()
    const notes = (of: Kysely<Database>, operator: '=' | '!=') =>
      of
        .selectFrom('seat_bookings')
        .select('booking_id')
        .where('flight_code', '=', 'SFO-1')
        .where('note', operator, null)
        .execute()
    expect(await notes(db, '=')).toEqual([{ booking_id: 'a' }])
    expect(await notes(db, '!=')).toEqual([{ booking_id: 'b' }])
    expect(await notes(plain, '=')).toEqual([])
  })
})

describe('plugins together', () => {
  it('may be added to a database, a transaction and a query, whose types stay ours', async () => {
    const { plain } = open()
    await plain.withPlugin(new DeduplicateJoinsPlugin()).insertInto('seat_bookings').values(booking).execute()
    const query = plain
      .withPlugin(new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression }))
      .selectFrom('seat_bookings')
      .withPlugin(new CamelCasePlugin({ maintainNestedObjectKeys: true }))
      .selectAll()
    // @ts-expect-error: its hash key is missing
    await expect(query.execute()).rejects.toThrow(UnsupportedQueryError)
    // @ts-expect-error: joins are refused
    expect(() => query.innerJoin('seat_bookings as b', 'b.note', 'b.note').compile()).toThrow(
      UnsupportedQueryError,
    )
    expect(await query.where('flight_code', '=', 'SFO-1').execute()).toMatchObject([{ flightCode: 'SFO-1' }])
    const inTransaction = await plain
      .transaction()
      .execute((trx) =>
        trx
          .withPlugin(new DeduplicateJoinsPlugin())
          .selectFrom('seat_bookings')
          .select('note')
          .where('flight_code', '=', 'SFO-1')
          .execute(),
      )
    expect(inTransaction).toEqual([{ note: null }])
    expect(
      await plain
        .withoutPlugins()
        .selectFrom('seat_bookings')
        .select('note')
        .where('flight_code', '=', 'x')
        .execute(),
    ).toEqual([])
  })
})
