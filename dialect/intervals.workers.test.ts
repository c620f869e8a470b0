import { env } from 'cloudflare:workers'
import { Kysely, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import {
  defineDatabase,
  FokosDialect,
  type InferDatabase,
  LimitError,
  TypeMismatchError,
  table,
} from './index.js'

const database = defineDatabase({
  tables: {
    flights: table<{
      origin: string
      departs_at: Date
      destination: string
      seats: number
      delay: number | null
      plane?: { model: string; rows?: number[]; crew?: { captain: string } } | null
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
  },
})
type Database = InferDatabase<typeof database>

interface Namespace {
  getByName(name: string): object
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }

let databases = 0
/** A database of its own for every test, and the partitions that were called. */
function open() {
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
  const options = { database: `intervals-${databases++}` }
  return {
    db: new Kysely<Database>({ dialect: new database.FokosDialect(counted, options) }),
    // biome-ignore lint/suspicious/noExplicitAny: any table
    undeclared: new Kysely<any>({ dialect: new FokosDialect(counted, options) }),
    calls,
  }
}

const day = (n: number) => new Date(Date.UTC(2001, 0, n))

/** Three days of flights, two a day, from two places. */
async function openWithFlights() {
  const opened = open()
  const rows = ['SFO', 'OAK'].flatMap((origin, place) =>
    [1, 2, 3].flatMap((n) =>
      ['LAX', 'JFK'].map((destination, i) => ({
        origin,
        departs_at: day(n),
        destination,
        seats: 10 * n + i + 100 * place,
        delay: i === 0 ? null : n,
        plane: { model: 'A320', rows: [n, i] },
      })),
    ),
  )
  await opened.db.insertInto('flights').values(rows).execute()
  opened.calls.length = 0
  return opened
}

describe('aggregates', () => {
  it('of a hash key are one call', async () => {
    const { db, calls } = await openWithFlights()
    const row = await db
      .selectFrom('flights')
      .select((eb) => [
        eb.fn.countAll<number>().as('flights'),
        eb.fn.count<number>('delay').as('late'),
        eb.fn.count<number>('departs_at').distinct().as('days'),
        eb.fn.sum<number>('seats').as('seats'),
        eb.fn.avg<number>('delay').as('mean'),
        eb.fn.min('departs_at').as('first'),
        eb.fn.max('destination').as('last'),
        eb.fn.sum<number | null>('seats').filterWhere('delay', '>', 100).as('none'),
        eb(eb.fn.sum<number>('seats'), '/', eb.fn.countAll<number>()).as('each'),
      ])
      .where('origin', '=', 'SFO')
      .executeTakeFirstOrThrow()
    expect(row).toEqual({
      flights: 6,
      late: 3,
      days: 3,
      seats: 123,
      mean: 2,
      first: day(1),
      last: 'LAX',
      none: null,
      each: 20.5,
    })
    expect(calls).toHaveLength(1)
  })

  it('of nothing are a row, and groups of nothing are none', async () => {
    const { db, calls } = open()
    const nowhere = db.selectFrom('flights').where('origin', '=', 'nowhere')
    const totals = nowhere.select((eb) => [eb.fn.countAll().as('n'), eb.fn.sum('seats').as('seats')])
    expect(await totals.execute()).toEqual([{ n: 0, seats: null }])
    expect(await totals.select('departs_at').groupBy('departs_at').execute()).toEqual([])
    calls.length = 0
    expect(await totals.where('origin', '=', 'elsewhere').execute()).toEqual([{ n: 0, seats: null }])
    expect(calls).toEqual([])
  })

  it('are grouped by the sort key, filtered, ordered and cut', async () => {
    const { db } = await openWithFlights()
    const days = db
      .selectFrom('flights')
      .select((eb) => ['departs_at', eb.fn.sum<number>('seats').as('total')])
      .where('origin', '=', 'SFO')
      .groupBy('departs_at')
    expect(await days.execute()).toEqual([1, 2, 3].map((n) => ({ departs_at: day(n), total: 20 * n + 1 })))
    const full = days.having((eb) => eb.fn.sum('seats'), '>', 21).orderBy('total', 'desc')
    expect(await full.execute()).toEqual([
      { departs_at: day(3), total: 61 },
      { departs_at: day(2), total: 41 },
    ])
    expect(await full.limit(1).offset(1).execute()).toEqual([{ departs_at: day(2), total: 41 }])
  })

  it('are grouped by the hash keys of a list', async () => {
    const { db } = await openWithFlights()
    const places = await db
      .selectFrom('flights')
      .select((eb) => ['origin', eb.fn.countAll<number>().as('n')])
      .where('origin', 'in', ['SFO', 'OAK', 'nowhere'])
      .where('departs_at', '<', day(3))
      .groupBy('origin')
      .execute()
    expect(places).toEqual([
      { origin: 'OAK', n: 4 },
      { origin: 'SFO', n: 4 },
    ])
  })

  it('see what their transaction has written', async () => {
    const { db } = await openWithFlights()
    const count = (trx: Kysely<Database>) =>
      trx
        .selectFrom('flights')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('origin', '=', 'SFO')
        .executeTakeFirstOrThrow()
    await db.transaction().execute(async (trx) => {
      await trx.deleteFrom('flights').where('origin', '=', 'SFO').where('departs_at', '=', day(1)).execute()
      expect(await count(trx)).toEqual({ n: 4 })
    })
    expect(await count(db)).toEqual({ n: 4 })
  })

  it('say what they are', async () => {
    const { db } = await openWithFlights()
    const query = db
      .selectFrom('flights')
      .select((eb) => ['departs_at', eb.fn.countAll().as('n')])
      .where('origin', '=', 'SFO')
      .groupBy('departs_at')
      .limit(3)
    expect(await query.explain()).toMatchObject([
      { operation: 'aggregate', hashKey: { origin: 'SFO' }, groups: 'departs_at', limit: 3, filtered: false },
    ])
    expect(query.compile().sql).toBe(
      'select "departs_at", count(*) as "n" from "flights" where "origin" = ? group by "departs_at" limit ?',
    )
  })
})

describe('distinct, offset and order', () => {
  it('leave out rows', async () => {
    const { db } = await openWithFlights()
    const ofSfo = db.selectFrom('flights').where('origin', '=', 'SFO')
    expect(await ofSfo.select('destination').distinct().orderBy('destination', 'desc').execute()).toEqual([
      { destination: 'LAX' },
      { destination: 'JFK' },
    ])
    expect(await ofSfo.select('seats').orderBy('departs_at').limit(2).offset(3).execute()).toEqual([
      { seats: 20 },
      { seats: 31 },
    ])
    expect(await ofSfo.selectAll().distinct().execute()).toHaveLength(6)
  })

  it('go over a list of hash keys', async () => {
    const { db } = await openWithFlights()
    const both = await db
      .selectFrom('flights')
      .select(['departs_at', 'destination', 'origin'])
      .where('origin', 'in', ['SFO', 'OAK'])
      .orderBy('departs_at', 'desc')
      .orderBy('destination', 'desc')
      .orderBy('origin')
      .limit(3)
      .offset(1)
      .execute()
    expect(both.map(({ origin, destination }) => `${origin} ${destination}`)).toEqual([
      'SFO LAX',
      'OAK JFK',
      'SFO JFK',
    ])
  })
})

describe('a write of an interval', () => {
  it('changes all rows that pass, and answers them', async () => {
    const { db } = await openWithFlights()
    const changed = await db
      .updateTable('flights')
      .set((eb) => ({ seats: eb('seats', '-', 1) }))
      .where('origin', '=', 'SFO')
      .where('departs_at', '>=', day(2))
      .where('delay', 'is not', null)
      .returning(['departs_at', 'seats'])
      .execute()
    expect(changed).toEqual([
      { departs_at: day(2), seats: 20 },
      { departs_at: day(3), seats: 30 },
    ])
  })

  it('says how many rows it changed', async () => {
    const { db } = await openWithFlights()
    const gone = await db.deleteFrom('flights').where('origin', 'in', ['SFO', 'OAK']).executeTakeFirst()
    expect(gone).toEqual({ numDeletedRows: 12n })
    const none = await db
      .updateTable('flights')
      .set({ seats: 1 })
      .where('origin', '=', 'SFO')
      .executeTakeFirst()
    expect(none.numUpdatedRows).toBe(0n)
  })

  it('takes so many rows as a statement may change, and says what to do with more', async () => {
    const { db } = open()
    for (let first = 0; first < 1_001; first += 200) {
      const rows = Array.from({ length: Math.min(200, 1_001 - first) }, (_, i) => ({
        origin: 'SFO',
        departs_at: day(first + i),
        destination: 'LAX',
        seats: 1,
        delay: null,
      }))
      await db.insertInto('flights').values(rows).execute()
    }
    const all = db.deleteFrom('flights').where('origin', '=', 'SFO')
    const error = await all.execute().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(LimitError)
    expect(String(error)).toContain('flights: a statement changes at most 1000 rows')
    expect(await all.where('departs_at', '>', day(0)).executeTakeFirst()).toEqual({ numDeletedRows: 1_000n })
  })

  it('of an undeclared table changes one row at once, and all rows where there are several', async () => {
    const { undeclared: db, calls } = open()
    await db.insertInto('notes').values({ hash_key: 'a', n: 1 }).execute()
    const add = db
      .updateTable('notes')
      .set((eb) => ({ n: eb('n', '+', 1) }))
      .where('hash_key', '=', 'a')
    calls.length = 0
    expect(await add.executeTakeFirst()).toEqual({ numUpdatedRows: 1n })
    expect(calls).toHaveLength(1)
    await db
      .insertInto('notes')
      .values([1, 2].map((n) => ({ hash_key: 'a', sort_key: n, n })))
      .execute()
    expect(await add.returning('n').execute()).toEqual([{ n: 3 }, { n: 2 }, { n: 3 }])
    await db.transaction().execute(async (trx) => {
      const gone = await trx
        .deleteFrom('notes')
        .where('hash_key', '=', 'a')
        .where('n', '=', 3)
        .executeTakeFirst()
      expect(gone).toEqual({ numDeletedRows: 2n })
    })
    expect(await db.selectFrom('notes').selectAll().where('hash_key', '=', 'a').execute()).toEqual([
      { hash_key: 'a', sort_key: 1, n: 2 },
    ])
  })

  it('says what it is', async () => {
    const { db } = await openWithFlights()
    const query = db.deleteFrom('flights').where('origin', '=', 'SFO').where('departs_at', '<', day(2))
    expect(await query.explain()).toMatchObject([
      { operation: 'alter', change: 'delete', hashKey: { origin: 'SFO' }, before: { departs_at: day(2) } },
    ])
    expect(await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').execute()).toHaveLength(6)
  })
})

describe('expressions', () => {
  it('compute what SQLite computes', async () => {
    const { db } = await openWithFlights()
    const row = await db
      .selectFrom('flights')
      .select((eb) => [
        eb.fn.coalesce('delay', eb.val(0)).as('delay'),
        eb.fn<string>('lower', ['destination']).as('lower'),
        eb.fn<string>('concat', ['origin', eb.val('-'), 'destination']).as('route'),
        eb.fn<number>('round', [eb('seats', '/', 3), eb.val(1)]).as('third'),
        eb.cast<string>('seats', 'text').as('text'),
        eb.case().when('seats', '>', 10).then('many').else('few').end().as('size'),
        eb.case('destination').when('LAX').then(1).end().as('la'),
        eb.ref('plane', '->$').key('rows').at(0).as('row'),
      ])
      .where('origin', '=', 'SFO')
      .where((eb) => eb(eb.fn('upper', ['destination']), '=', 'LAX'))
      .executeTakeFirstOrThrow()
    expect(row).toEqual({
      delay: 0,
      lower: 'lax',
      route: 'SFO-LAX',
      third: 3.3,
      text: '10',
      size: 'few',
      la: 1,
      row: 1,
    })
  })

  it('set places inside nested values', async () => {
    const { db } = await openWithFlights()
    const ofLax = db
      .updateTable('flights')
      .where('origin', '=', 'SFO')
      .where('departs_at', '=', day(1))
      .where('destination', '=', 'LAX')
    const set = await ofLax
      .set((eb) => eb.ref('plane', '->$').key('model'), 'A321')
      .set((eb) => eb.ref('plane', '->$').key('rows').at(1), 9)
      .set((eb) => eb.ref('plane', '->$').key('crew').key('captain'), 'Ann')
      .returning('plane')
      .executeTakeFirst()
    expect(set).toEqual({ plane: { model: 'A321', rows: [1, 9], crew: { captain: 'Ann' } } })
  })

  it('refuse operands of other types, naming the table', async () => {
    const { db } = await openWithFlights()
    const query = db
      .selectFrom('flights')
      .select((eb) => eb.fn<string>('lower', ['seats']).as('x'))
      .where('origin', '=', 'SFO')
    const error = await query.execute().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TypeMismatchError)
    expect(String(error)).toContain('flights: lower takes text, not a number')
  })

  it('take sql.lit and sql.ref, and no other SQL', async () => {
    const { db } = await openWithFlights()
    const rows = await db
      .selectFrom('flights')
      .select((eb) =>
        eb.fn<string>('substr', [sql.ref<string>('destination'), sql.lit(1), sql.lit(2)]).as('x'),
      )
      .where('origin', '=', 'SFO')
      .limit(1)
      .execute()
    expect(rows).toEqual([{ x: 'JF' }])
  })
})
