import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { CamelCasePlugin, type CompiledQuery, Kysely, sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import {
  ConfigurationError,
  ConstraintError,
  defineDatabase,
  FokosDialect,
  type InferDatabase,
  InvalidRequestError,
  LimitError,
  SettingsMismatchError,
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
      plane?: { model: string; rows: number[] }
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
    travellers: table<{ id: string; name: string; miles: number; extra?: unknown }>()({ hashKey: 'id' }),
  },
})
type Database = InferDatabase<typeof database>

interface Namespace {
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
}
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }

/** A database of its own for every test. */
let databases = 0
function open(options: { database?: string } = {}) {
  const name = options.database ?? `dialect-${databases++}`
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
  const db = new Kysely<Database>({ dialect: new database.FokosDialect(counted, { database: name }) })
  return { db, calls, name }
}

const hour = (n: number) => new Date(Date.UTC(2001, 0, 1, n))
const flight = (
  n: number,
  more: Partial<{ origin: string; destination: string; delay: number | null }> = {},
) => ({
  origin: 'SFO',
  departs_at: hour(n),
  destination: 'LAX',
  seats: n,
  delay: n % 2 === 0 ? null : n,
  ...more,
})
const key = (n: number) => ({ origin: 'SFO', departs_at: hour(n), destination: 'LAX' })

async function openWithFlights(count: number) {
  const opened = open()
  await opened.db
    .insertInto('flights')
    .values(Array.from({ length: count }, (_, n) => flight(n)))
    .execute()
  opened.calls.length = 0
  return opened
}

/** Counts the statements that a partition runs, and the rows that they read and write. */
async function countSql(partition: string, work: () => Promise<unknown>) {
  const stub = bindings.FOKOS_PARTITION.getByName(partition) as never
  const counted = { statements: 0, read: 0, written: 0 }
  const cursors: SqlStorageCursor<never>[] = []
  await runInDurableObject(stub, (_: unknown, state: DurableObjectState) => {
    const exec = state.storage.sql.exec.bind(state.storage.sql)
    vi.spyOn(state.storage.sql, 'exec').mockImplementation(((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args)
      counted.statements++
      cursors.push(cursor as never)
      return cursor
    }) as never)
  })
  await work()
  await runInDurableObject(stub, () => {
    vi.restoreAllMocks()
    for (const cursor of cursors) {
      counted.read += cursor.rowsRead
      counted.written += cursor.rowsWritten
    }
  })
  return counted
}

describe('rows', () => {
  it('come back as they were inserted', async () => {
    const { db } = open()
    const extra = {
      bigint: 2n ** 70n,
      bytes: Uint8Array.from([0, 255]),
      map: new Map([['a', new Set([1])]]),
      nested: [{ at: new Date(5), nothing: null, missing: undefined }],
      text: 'ü😀\ud800',
      numbers: [-0, Number.NaN, 1e300],
    }
    await db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 0.5, extra }).execute()
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([
      { id: 'a', name: 'A', miles: 0.5, extra },
    ])
  })

  it('of one hash key are read in order, forwards, backwards, between two times and page by page', async () => {
    const { db } = await openWithFlights(24)
    const morning = db
      .selectFrom('flights')
      .select(['seats'])
      .where('origin', '=', 'SFO')
      .where('departs_at', '>=', hour(6))
      .where('departs_at', '<', hour(12))
    expect((await morning.execute()).map(({ seats }) => seats)).toEqual([6, 7, 8, 9, 10, 11])
    expect(
      (await morning.orderBy('departs_at', 'desc').limit(2).execute()).map(({ seats }) => seats),
    ).toEqual([11, 10])
    const next = morning.where((eb) =>
      eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(hour(8), 'LAX')),
    )
    expect((await next.limit(2).execute()).map(({ seats }) => seats)).toEqual([9, 10])
    expect((await morning.where('delay', '>', 8).execute()).map(({ seats }) => seats)).toEqual([9, 11])
  })

  it('of several hash keys are read from several partitions and merged', async () => {
    const { db, calls } = open()
    const origins = ['SFO', 'OAK', 'LAX', 'JFK', 'ORD', 'ATL']
    for (const [i, origin] of origins.entries()) {
      await db
        .insertInto('flights')
        .values([flight(i, { origin }), flight(i + 10, { origin })])
        .execute()
    }
    calls.length = 0
    const query = db.selectFrom('flights').select('seats').where('origin', 'in', origins)
    const bySort = await query.orderBy('departs_at').execute()
    expect(bySort.map(({ seats }) => seats)).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(12)
    expect((await query.orderBy('departs_at', 'desc').limit(3).execute()).map(({ seats }) => seats)).toEqual([
      15, 14, 13,
    ])
    const keys = await db
      .selectFrom('travellers')
      .selectAll()
      .where('id', 'in', ['nobody', 'no one'])
      .execute()
    expect(keys).toEqual([])
  })

  it('of two tables under one hash key do not meet', async () => {
    const { db } = open()
    await db.insertInto('travellers').values({ id: 'SFO', name: 'San', miles: 1 }).execute()
    await db.insertInto('flights').values(flight(1)).execute()
    expect(await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).toEqual([
      { seats: 1 },
    ])
    expect(await db.selectFrom('travellers').select('name').where('id', '=', 'SFO').execute()).toEqual([
      { name: 'San' },
    ])
  })

  it('are seen by the next read after every acknowledged write', async () => {
    const { db } = await openWithFlights(1)
    const where = db
      .selectFrom('flights')
      .select('seats')
      .where((eb) => eb.and(key(0)))
    for (let i = 1; i <= 20; i++) {
      await db
        .updateTable('flights')
        .set({ seats: i })
        .where((eb) => eb.and(key(0)))
        .execute()
      expect(await where.executeTakeFirst()).toEqual({ seats: i })
    }
  })

  it('of other databases in the same namespace are others', async () => {
    const [one, other] = [open(), open()]
    await one.db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).execute()
    expect(await other.db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
  })

  it('without a declaration have the keys hash_key and sort_key', async () => {
    const { name } = open()
    // biome-ignore lint/suspicious/noExplicitAny: no declaration, no types
    const db = new Kysely<any>({ dialect: new FokosDialect(env, { database: name }) })
    await db.insertInto('notes').values({ hash_key: 'a', sort_key: 2, text: 'two' }).execute()
    await db.insertInto('notes').values({ hash_key: 'a', sort_key: 1, text: 'one' }).execute()
    await db.insertInto('singles').values({ hash_key: 'a', text: 'single' }).execute()
    expect(await db.selectFrom('notes').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      { text: 'one' },
      { text: 'two' },
    ])
    expect(await db.selectFrom('singles').selectAll().where('hash_key', '=', 'a').execute()).toEqual([
      { hash_key: 'a', text: 'single' },
    ])
    await db.updateTable('singles').set({ text: 'changed' }).where('hash_key', '=', 'a').execute()
    expect(await db.selectFrom('singles').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      { text: 'changed' },
    ])
    const all = db.updateTable('notes').set({ text: 'x' }).where('hash_key', '=', 'a')
    expect(await all.executeTakeFirst()).toEqual({ numUpdatedRows: 2n })
    expect(await db.selectFrom('notes').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      { text: 'x' },
      { text: 'x' },
    ])
  })
})

describe('a write', () => {
  it('says how many rows it changed', async () => {
    const { db } = open()
    const insert = await db
      .insertInto('flights')
      .values([flight(1), flight(2)])
      .executeTakeFirstOrThrow()
    expect(insert.numInsertedOrUpdatedRows).toBe(2n)
    expect(insert.insertId).toBeUndefined()
    const book = db
      .updateTable('flights')
      .set((eb) => ({ seats: eb('seats', '-', 1) }))
      .where((eb) => eb.and(key(1)))
    const seat = book.where('seats', '>', 0)
    expect((await seat.executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
    expect((await seat.executeTakeFirstOrThrow()).numUpdatedRows).toBe(0n)
    const remove = db.deleteFrom('flights').where((eb) => eb.and(key(1)))
    expect((await remove.executeTakeFirstOrThrow()).numDeletedRows).toBe(1n)
    expect((await remove.executeTakeFirstOrThrow()).numDeletedRows).toBe(0n)
    const never = db.deleteFrom('flights').where('origin', 'in', [])
    expect((await never.where((eb) => eb.and(key(1))).executeTakeFirstOrThrow()).numDeletedRows).toBe(0n)
  })

  it('returns what it wrote', async () => {
    const { db } = open()
    const inserted = await db
      .insertInto('travellers')
      .values({ id: 'a', name: 'A', miles: 5 })
      .returning(['id', 'miles as m'])
      .executeTakeFirst()
    expect(inserted).toEqual({ id: 'a', m: 5 })
    const upserted = await db
      .insertInto('travellers')
      .values({ id: 'a', name: 'ignored', miles: 7 })
      .onConflict((oc) =>
        oc
          .column('id')
          .doUpdateSet((eb) => ({ miles: eb('travellers.miles', '+', eb.ref('excluded.miles')) })),
      )
      .returningAll()
      .executeTakeFirst()
    expect(upserted).toEqual({ id: 'a', name: 'A', miles: 12 })
    expect(await db.deleteFrom('travellers').where('id', '=', 'a').returning('name').execute()).toEqual([
      { name: 'A' },
    ])
  })

  it('of a row that is there is a constraint error that names the row, and nothing is written', async () => {
    const { db } = await openWithFlights(2)
    const error = await db
      .insertInto('flights')
      .values([flight(5), flight(1)])
      .execute()
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConstraintError)
    expect(error).toMatchObject({
      code: 'constraint',
      message:
        'flights (origin = "SFO", departs_at = 2001-01-01T01:00:00.000Z, destination = "LAX"): an item with this ' +
        'key exists already: use onConflict or replaceInto if that may happen',
      details: { table: 'flights' },
    })
    expect(
      (await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).length,
    ).toBe(2)
  })

  it('of many rows is atomic, whatever it meets', async () => {
    const { db } = open()
    const rows = Array.from({ length: 300 }, (_, n) => flight(n))
    await db.insertInto('flights').values(rows).execute()
    await expect(
      db
        .insertInto('flights')
        .values([...rows.slice(0, 10).map((row) => ({ ...row, destination: 'OAK' })), rows[299] as never])
        .execute(),
    ).rejects.toThrow(ConstraintError)
    const count = await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()
    expect(count.length).toBe(300)
  })

  it('of rows in several partitions is all or nothing', async () => {
    const { db } = open()
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, name: id, miles: 0 }))
    const ids = rows.map(({ id }) => id)
    const all = () => db.selectFrom('travellers').select('id').where('id', 'in', ids).orderBy('id').execute()
    await db.insertInto('travellers').values({ id: 'd', name: 'first', miles: 0 }).execute()
    await expect(db.insertInto('travellers').values(rows).execute()).rejects.toThrow(
      /^travellers \(id = "d"\): an item with this key exists/,
    )
    expect(await all()).toEqual([{ id: 'd' }])
    await db.deleteFrom('travellers').where('id', '=', 'd').execute()
    const inserted = await db.insertInto('travellers').values(rows).returning('id').execute()
    expect(inserted.map(({ id }) => id)).toEqual(ids)
    expect(await all()).toEqual(ids.map((id) => ({ id })))
  })

  it('that makes a value of the wrong type changes nothing', async () => {
    const { db } = open()
    await db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).execute()
    const update = db
      .updateTable('travellers')
      .set((eb) => ({ miles: eb('name' as never, '+', 1 as never) }))
      .where('id', '=', 'a')
    await expect(update.execute()).rejects.toThrow(TypeMismatchError)
    const error = await update.executeTakeFirstOrThrow().catch((error: Error) => error)
    expect((error as Error).stack).toMatch(
      /^TypeMismatchError: travellers: miles: [\s\S]*dialect\.workers\.test/,
    )
    await expect(update.execute()).rejects.toMatchObject({
      message: 'travellers: miles: + takes numbers, not string and number',
      details: { table: 'travellers', column: 'miles' },
    })
    expect(await db.selectFrom('travellers').select('miles').where('id', '=', 'a').execute()).toEqual([
      { miles: 1 },
    ])
  })

  it('that is too large is refused with both sizes, and changes nothing', async () => {
    const { db } = open()
    const insert = db.insertInto('travellers').values({ id: 'a', name: 'x'.repeat(600_000), miles: 1 })
    const error = await insert.execute().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(LimitError)
    expect((error as Error).message).toMatch(
      /^travellers \(id = "a"\): the item has 6000\d\d bytes, and at most 500000 are allowed/,
    )
    await expect(
      db
        .insertInto('travellers')
        .values({ id: 'x'.repeat(2_100), name: '', miles: 1 })
        .execute(),
    ).rejects.toThrow(/hash key has 2102 bytes/)
    await expect(
      db
        .insertInto('flights')
        .values(flight(1, { destination: 'x'.repeat(1_100) }))
        .execute(),
    ).rejects.toThrow(/sort key has \d+ bytes, and at most 1024/)
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
  })

  it.each([0, -1, 0.5])('read in chunks of %o is refused', async (size) => {
    const { db } = await openWithFlights(3)
    const rows = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').stream(size)
    await expect(rows.next()).rejects.toThrow(InvalidRequestError)
  })

  it('that compares with too much, or nests too deeply, is refused before it is sent', async () => {
    const { db, calls } = open()
    const query = db.selectFrom('travellers').selectAll().where('id', '=', 'a')
    await expect(query.where('name', '=', 'x'.repeat(20_000_000)).execute()).rejects.toThrow(LimitError)
    const deep = query.where((eb) => {
      let condition = eb('miles', '>', 0)
      for (let i = 0; i < 450; i++) condition = eb.not(condition)
      return condition
    })
    expect(await deep.execute()).toEqual([])
    expect(calls.length).toBe(1)
    const deeper = query.where((eb) => {
      let condition = eb('miles', '>', 0)
      for (let i = 0; i < 2_000; i++) condition = eb.not(condition)
      return condition
    })
    await expect(deeper.execute()).rejects.toThrow(LimitError)
    expect(calls.length).toBe(1)
  })

  it('lets one of many win', async () => {
    const { db } = await openWithFlights(10)
    const book = db
      .updateTable('flights')
      .set((eb) => ({ seats: eb('seats', '-', 1) }))
      .where((eb) => eb.and(key(9)))
      .where('seats', '>', 0)
    const results = await Promise.all(Array.from({ length: 30 }, () => book.executeTakeFirstOrThrow()))
    expect(results.filter(({ numUpdatedRows }) => numUpdatedRows === 1n).length).toBe(9)
    expect(
      await db
        .selectFrom('flights')
        .select('seats')
        .where((eb) => eb.and(key(9)))
        .execute(),
    ).toEqual([{ seats: 0 }])
  })
})

describe('what it costs', () => {
  it('a point read is one call, one statement and one row read', async () => {
    const { db, calls } = await openWithFlights(50)
    const read = db
      .selectFrom('flights')
      .selectAll()
      .where((eb) => eb.and(key(7)))
    await read.execute()
    const counted = await countSql(calls[0] as string, () => read.execute())
    expect(counted).toEqual({ statements: 1, read: 1, written: 0 })
    expect(calls.length).toBe(2)
  })

  it('an insert of a small row is one call and one row written', async () => {
    const { db, calls } = await openWithFlights(2)
    await db.insertInto('flights').values(flight(50)).execute()
    const counted = await countSql(calls[0] as string, () =>
      db.insertInto('flights').values(flight(51)).execute(),
    )
    expect(counted).toMatchObject({ statements: 1, written: 1 })
    expect(calls.length).toBe(2)
  })

  it('an update reads one row and writes one', async () => {
    const { db, calls } = await openWithFlights(2)
    const update = db
      .updateTable('flights')
      .set((eb) => ({ seats: eb('seats', '+', 1) }))
      .where((eb) => eb.and(key(1)))
    await update.execute()
    const counted = await countSql(calls[0] as string, () => update.execute())
    expect(counted).toMatchObject({ statements: 2, written: 1 })
    expect(calls.length).toBe(2)
  })

  it('a range of n rows reads n rows, and a limit no more than itself', async () => {
    const { db, calls } = await openWithFlights(100)
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
    await query.execute()
    const partition = calls[0] as string
    expect(await countSql(partition, () => query.execute())).toEqual({ statements: 1, read: 100, written: 0 })
    expect(await countSql(partition, () => query.limit(1).execute())).toEqual({
      statements: 1,
      read: 1,
      written: 0,
    })
    const last = query.orderBy('departs_at', 'desc').limit(3)
    expect(await countSql(partition, () => last.execute())).toEqual({ statements: 1, read: 3, written: 0 })
    const filtered = await countSql(partition, () => query.where('delay', '>', 0).limit(1).execute())
    expect(filtered.read).toBeLessThanOrEqual(3)
  })

  it('a query that can never match costs nothing', async () => {
    const { db, calls } = open()
    expect(await db.selectFrom('flights').selectAll().where('origin', 'in', []).execute()).toEqual([])
    expect(
      await db
        .updateTable('travellers')
        .set({ name: 'x' })
        .where('id', '=', 'a')
        .where('id', '=', 'b')
        .execute(),
    ).toMatchObject([{ numUpdatedRows: 0n }])
    expect(calls.length).toBe(0)
  })
})

describe('a stream', () => {
  it('reads a page when the one before it was taken, and stops when it is left', async () => {
    const { db, calls } = await openWithFlights(20)
    const seen: number[] = []
    for await (const { seats } of db
      .selectFrom('flights')
      .selectAll()
      .where('origin', '=', 'SFO')
      .stream(5)) {
      seen.push(seats)
      if (seats === 7) break
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(calls.length).toBe(2)
  })

  it('reads 100 rows at a time when it is not told how many', async () => {
    const { db, calls } = await openWithFlights(150)
    const rows = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').stream()
    let seen = 0
    while (seen < 100 && (await rows.next()).done === false) seen++
    expect([seen, calls.length]).toEqual([100, 1])
    while ((await rows.next()).done === false) seen++
    expect([seen, calls.length]).toEqual([150, 2])
  })

  it('reads as many at a time when the driver is used without Kysely’s builders', async () => {
    const { db, name } = await openWithFlights(150)
    const driver = new database.FokosDialect(env, { database: name }).createDriver()
    const connection = await driver.acquireConnection()
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').compile()
    // Kysely 0.28 declares the argument as optional, though its builders always give it.
    const pages: number[] = []
    for await (const { rows } of connection.streamQuery(query, undefined as never)) pages.push(rows.length)
    expect(pages).toEqual([100, 50])
  })

  it('gives all rows, and respects order and limit', async () => {
    const { db } = await openWithFlights(20)
    const seen: number[] = []
    const query = db
      .selectFrom('flights')
      .select('seats')
      .where('origin', '=', 'SFO')
      .orderBy('departs_at', 'desc')
      .limit(12)
    for await (const { seats } of query.stream(5)) seen.push(seats)
    expect(seen).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8])
  })

  it('gives what a write returns', async () => {
    const { db } = open()
    const rows: unknown[] = []
    for await (const row of db
      .insertInto('flights')
      .values([flight(1), flight(2)])
      .returning('seats')
      .stream())
      rows.push(row)
    expect(rows).toEqual([{ seats: 1 }, { seats: 2 }])
  })
})

describe('a compiled query', () => {
  it('can be executed again, also as a copy', async () => {
    const { db } = await openWithFlights(3)
    const compiled = db
      .selectFrom('flights')
      .select('seats')
      .where((eb) => eb.and(key(2)))
      .compile()
    for (const query of [compiled, { ...compiled }, structuredClone(compiled)]) {
      expect((await db.executeQuery(query)).rows).toEqual([{ seats: 2 }])
    }
  })

  it('whose parameters were exchanged is refused, since its plan holds the old ones', async () => {
    const { db, calls } = await openWithFlights(3)
    const compiled = db
      .selectFrom('flights')
      .select('seats')
      .where((eb) => eb.and(key(2)))
      .compile()
    const exchanged: CompiledQuery = { ...compiled, parameters: ['SFO', hour(1), 'LAX'] }
    await expect(db.executeQuery(exchanged)).rejects.toThrow(InvalidRequestError)
    expect(calls.length).toBe(0)
  })

  it('of another declaration is planned anew', async () => {
    const { db, name } = await openWithFlights(3)
    const compiled = db
      .selectFrom('flights')
      .select('seats')
      .where((eb) => eb.and(key(2)))
      .compile()
    const undeclared = new Kysely<Database>({ dialect: new FokosDialect(env, { database: name }) })
    await expect(undeclared.executeQuery(compiled)).rejects.toMatchObject({ code: 'missing_hash_key' })
  })

  it('is shown to loggers with its text and its operation', async () => {
    const { name } = open()
    const logged: { sql: string; kind: string }[] = []
    const db = new Kysely<Database>({
      dialect: new database.FokosDialect(env, { database: name }),
      log: ({ query }) => {
        const { operation } = query as CompiledQuery & { operation: { kind: string } }
        logged.push({ sql: query.sql, kind: operation.kind })
      },
    })
    await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()
    expect(logged).toEqual([{ sql: 'select * from "travellers" where "id" = ?', kind: 'get' }])
  })
})

describe('plugins', () => {
  it('that rename columns rename them in rows and results', async () => {
    const { db } = await openWithFlights(2)
    // biome-ignore lint/suspicious/noExplicitAny: the names are the plugin's
    const camel = db.withPlugin(new CamelCasePlugin({ maintainNestedObjectKeys: true })) as Kysely<any>
    await camel
      .insertInto('flights')
      .values({ ...flight(3), departs_at: undefined, departsAt: hour(3), plane: { someKey: 1 } })
      .execute()
    const rows = await camel
      .selectFrom('flights')
      .select(['departsAt', 'plane'])
      .where('origin', '=', 'SFO')
      .where('departsAt', '>', hour(2))
      .execute()
    expect(rows).toEqual([{ departsAt: hour(3), plane: { someKey: 1 } }])
  })
})

describe('an abort signal', () => {
  it('that has fired stops a query before it is sent, where Kysely takes signals', async () => {
    const { db, calls } = await openWithFlights(2)
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
    const signal = AbortSignal.abort(new Error('too late'))
    const outcome = await query.execute({ signal } as never).then(
      () => 'executed',
      (error: Error) => error.message,
    )
    // Before 0.29, execute takes no arguments.
    const takesSignals = query.execute.length > 0
    expect(outcome).toBe(takesSignals ? 'too late' : 'executed')
    expect(calls.length).toBe(takesSignals ? 0 : 1)
  })
})

describe('a partition', () => {
  it('keeps everything when its instance is gone', async () => {
    const { db, calls } = await openWithFlights(5)
    await db
      .updateTable('flights')
      .set({ seats: 77 })
      .where((eb) => eb.and(key(1)))
      .execute()
    await evictDurableObject(bindings.FOKOS_PARTITION.getByName(calls[0] as string) as never)
    expect(await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).toEqual(
      [0, 77, 2, 3, 4].map((seats) => ({ seats })),
    )
    await db.insertInto('flights').values(flight(9)).execute()
  })

  it('refuses a declaration with other roots, naming both', async () => {
    const { name } = open()
    const other = (roots: number) => {
      const declared = defineDatabase({
        tables: { travellers: table<{ id: string }>()({ hashKey: 'id' }) },
        roots,
      })
      return new Kysely<{ travellers: { id: string } }>({
        dialect: new declared.FokosDialect(env, { database: name }),
      })
    }
    await other(1).insertInto('travellers').values({ id: 'a' }).execute()
    const ids = Array.from({ length: 40 }, (_, i) => `t${i}`)
    const error = await other(2)
      .selectFrom('travellers')
      .selectAll()
      .where('id', 'in', ids)
      .execute()
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SettingsMismatchError)
    expect((error as Error).message).toMatch(/roots 1, fanout 4.*roots 2, fanout 4/)
  })
})

describe('a dialect', () => {
  it('without a binding names it, with the lines to write', () => {
    expect(() => new FokosDialect({})).toThrow(ConfigurationError)
    expect(() => new FokosDialect({})).toThrow(/FOKOS_PARTITION/)
    expect(() => new FokosDialect({})).toThrow(
      /\[\[durable_objects\.bindings\]\]\nname = "FOKOS_PARTITION"\nclass_name = "FokosPartition"/,
    )
    expect(() => new FokosDialect({ FOKOS_PARTITION: bindings.FOKOS_PARTITION })).toThrow(
      /name = "FOKOS_TOPOLOGY"\nclass_name = "FokosTopologyKeeper"/,
    )
    expect(() => new FokosDialect(undefined as never)).toThrow(/FOKOS_PARTITION/)
  })

  it('takes its bindings under other names', async () => {
    const renamed = { STORE: bindings.FOKOS_PARTITION, KEEPER: bindings.FOKOS_TOPOLOGY }
    const options = { bindings: { FOKOS_PARTITION: 'STORE', FOKOS_TOPOLOGY: 'KEEPER' }, database: 'renamed' }
    const db = new Kysely<Database>({ dialect: new database.FokosDialect(renamed, options) })
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
    expect(() => new FokosDialect({}, options)).toThrow(/no Durable Object namespace "STORE"/)
  })

  it.each([
    [{ database: '' }, "a database's name"],
    [{ database: 'x'.repeat(200) }, "a database's name"],
    [{ databse: 'x' }, 'no option "databse"'],
    [{ bindings: { FOKOS: 'X' } }, 'no option "FOKOS"'],
  ])('refuses the options %j', (options, reason) => {
    expect(() => new FokosDialect(env, options as never)).toThrow(ConfigurationError)
    expect(() => new FokosDialect(env, options as never)).toThrow(reason)
  })

  it('that only compiles executes nothing', async () => {
    const db = new Kysely<Database>({ dialect: database.FokosDialect.compileOnly() })
    const query = db.selectFrom('travellers').selectAll().where('id', '=', 'a')
    expect(query.compile().sql).toContain('travellers')
    await expect(query.execute()).rejects.toThrow(ConfigurationError)
  })

  it('tells of its tables what it knows', async () => {
    const { db } = open()
    const tables = await db.introspection.getTables()
    expect(tables.map(({ name, columns }) => [name, columns.map((column) => column.name)])).toEqual([
      ['flights', ['origin', 'departs_at', 'destination']],
      ['travellers', ['id']],
    ])
    expect(await db.introspection.getSchemas()).toEqual([])
  })

  it('refuses raw SQL', async () => {
    const { db } = open()
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'raw_sql' })
  })
})
