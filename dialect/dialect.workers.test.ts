// One page of each, and one round which makes sure that all of it was of one moment.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
// One page of each, and one round which makes sure that all of it was of one moment.
import { env } from 'cloudflare:workers'
// One page of each, and one round which makes sure that all of it was of one moment.
import { CamelCasePlugin, type CompiledQuery, Kysely, sql } from 'kysely'
// One page of each, and one round which makes sure that all of it was of one moment.
import { describe, expect, it, vi } from 'vitest'
// One page of each, and one round which makes sure that all of it was of one moment.
import {
  // One page of each, and one round which makes sure that all of it was of one moment.
  ConfigurationError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  ConstraintError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  defineDatabase,
  // One page of each, and one round which makes sure that all of it was of one moment.
  FokosDialect,
  // One page of each, and one round which makes sure that all of it was of one moment.
  type InferDatabase,
  // One page of each, and one round which makes sure that all of it was of one moment.
  InvalidRequestError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  LimitError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  SettingsMismatchError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  TypeMismatchError,
  // One page of each, and one round which makes sure that all of it was of one moment.
  table,
  // One page of each, and one round which makes sure that all of it was of one moment.
} from './index.js'

// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
const database = defineDatabase({
  // One page of each, and one round which makes sure that all of it was of one moment.
  tables: {
    // One page of each, and one round which makes sure that all of it was of one moment.
    flights: table<{
      // One page of each, and one round which makes sure that all of it was of one moment.
      origin: string
      // One page of each, and one round which makes sure that all of it was of one moment.
      departs_at: Date
      // One page of each, and one round which makes sure that all of it was of one moment.
      destination: string
      // One page of each, and one round which makes sure that all of it was of one moment.
      seats: number
      // One page of each, and one round which makes sure that all of it was of one moment.
      delay: number | null
      // One page of each, and one round which makes sure that all of it was of one moment.
      plane?: { model: string; rows: number[] }
      // One page of each, and one round which makes sure that all of it was of one moment.
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
    // One page of each, and one round which makes sure that all of it was of one moment.
    travellers: table<{ id: string; name: string; miles: number; extra?: unknown }>()({ hashKey: 'id' }),
    // One page of each, and one round which makes sure that all of it was of one moment.
  },
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.
type Database = InferDatabase<typeof database>
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
interface Namespace {
  // One page of each, and one round which makes sure that all of it was of one moment.
  getByName(name: string): { execute(request: unknown): Promise<unknown> }
  // One page of each, and one round which makes sure that all of it was of one moment.
}
// One page of each, and one round which makes sure that all of it was of one moment.
const bindings = env as unknown as { FOKOS_PARTITION: Namespace; FOKOS_TOPOLOGY: object }
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
/** A database of its own for every test. */
// One page of each, and one round which makes sure that all of it was of one moment.
let databases = 0
// One page of each, and one round which makes sure that all of it was of one moment.
function open(options: { database?: string } = {}) {
  // One page of each, and one round which makes sure that all of it was of one moment.
  const name = options.database ?? `dialect-${databases++}`
  // One page of each, and one round which makes sure that all of it was of one moment.
  const calls: string[] = []
  // One page of each, and one round which makes sure that all of it was of one moment.
  const counted = {
    // One page of each, and one round which makes sure that all of it was of one moment.
    ...bindings,
    // One page of each, and one round which makes sure that all of it was of one moment.
    FOKOS_PARTITION: {
      // One page of each, and one round which makes sure that all of it was of one moment.
      getByName(partition: string) {
        // One page of each, and one round which makes sure that all of it was of one moment.
        calls.push(partition)
        // One page of each, and one round which makes sure that all of it was of one moment.
        return bindings.FOKOS_PARTITION.getByName(partition)
        // One page of each, and one round which makes sure that all of it was of one moment.
      },
      // One page of each, and one round which makes sure that all of it was of one moment.
    },
    // One page of each, and one round which makes sure that all of it was of one moment.
  }
  // One page of each, and one round which makes sure that all of it was of one moment.
  const db = new Kysely<Database>({ dialect: new database.FokosDialect(counted, { database: name }) })
  // One page of each, and one round which makes sure that all of it was of one moment.
  return { db, calls, name }
  // One page of each, and one round which makes sure that all of it was of one moment.
}
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
const hour = (n: number) => new Date(Date.UTC(2001, 0, 1, n))
// One page of each, and one round which makes sure that all of it was of one moment.
const flight = (
  // One page of each, and one round which makes sure that all of it was of one moment.
  n: number,
  // One page of each, and one round which makes sure that all of it was of one moment.
  more: Partial<{ origin: string; destination: string; delay: number | null }> = {},
  // One page of each, and one round which makes sure that all of it was of one moment.
) => ({
  // One page of each, and one round which makes sure that all of it was of one moment.
  origin: 'SFO',
  // One page of each, and one round which makes sure that all of it was of one moment.
  departs_at: hour(n),
  // One page of each, and one round which makes sure that all of it was of one moment.
  destination: 'LAX',
  // One page of each, and one round which makes sure that all of it was of one moment.
  seats: n,
  // One page of each, and one round which makes sure that all of it was of one moment.
  delay: n % 2 === 0 ? null : n,
  // One page of each, and one round which makes sure that all of it was of one moment.
  ...more,
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.
const key = (n: number) => ({ origin: 'SFO', departs_at: hour(n), destination: 'LAX' })
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
async function openWithFlights(count: number) {
  // One page of each, and one round which makes sure that all of it was of one moment.
  const opened = open()
  // One page of each, and one round which makes sure that all of it was of one moment.
  await opened.db
    // One page of each, and one round which makes sure that all of it was of one moment.
    .insertInto('flights')
    // One page of each, and one round which makes sure that all of it was of one moment.
    .values(Array.from({ length: count }, (_, n) => flight(n)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    .execute()
  // One page of each, and one round which makes sure that all of it was of one moment.
  opened.calls.length = 0
  // One page of each, and one round which makes sure that all of it was of one moment.
  return opened
  // One page of each, and one round which makes sure that all of it was of one moment.
}
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
/** Counts the statements that a partition runs, and the rows that they read and write. */
// One page of each, and one round which makes sure that all of it was of one moment.
async function countSql(partition: string, work: () => Promise<unknown>) {
  // One page of each, and one round which makes sure that all of it was of one moment.
  const stub = bindings.FOKOS_PARTITION.getByName(partition) as never
  // One page of each, and one round which makes sure that all of it was of one moment.
  const counted = { statements: 0, read: 0, written: 0 }
  // One page of each, and one round which makes sure that all of it was of one moment.
  const cursors: SqlStorageCursor<never>[] = []
  // One page of each, and one round which makes sure that all of it was of one moment.
  await runInDurableObject(stub, (_: unknown, state: DurableObjectState) => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const exec = state.storage.sql.exec.bind(state.storage.sql)
    // One page of each, and one round which makes sure that all of it was of one moment.
    vi.spyOn(state.storage.sql, 'exec').mockImplementation(((...args: Parameters<typeof exec>) => {
      // One page of each, and one round which makes sure that all of it was of one moment.
      const cursor = exec(...args)
      // One page of each, and one round which makes sure that all of it was of one moment.
      counted.statements++
      // One page of each, and one round which makes sure that all of it was of one moment.
      cursors.push(cursor as never)
      // One page of each, and one round which makes sure that all of it was of one moment.
      return cursor
      // One page of each, and one round which makes sure that all of it was of one moment.
    }) as never)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
  await work()
  // One page of each, and one round which makes sure that all of it was of one moment.
  await runInDurableObject(stub, () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    vi.restoreAllMocks()
    // One page of each, and one round which makes sure that all of it was of one moment.
    for (const cursor of cursors) {
      // One page of each, and one round which makes sure that all of it was of one moment.
      counted.read += cursor.rowsRead
      // One page of each, and one round which makes sure that all of it was of one moment.
      counted.written += cursor.rowsWritten
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
  return counted
  // One page of each, and one round which makes sure that all of it was of one moment.
}
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('rows', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('come back as they were inserted', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const extra = {
      // One page of each, and one round which makes sure that all of it was of one moment.
      bigint: 2n ** 70n,
      // One page of each, and one round which makes sure that all of it was of one moment.
      bytes: Uint8Array.from([0, 255]),
      // One page of each, and one round which makes sure that all of it was of one moment.
      map: new Map([['a', new Set([1])]]),
      // One page of each, and one round which makes sure that all of it was of one moment.
      nested: [{ at: new Date(5), nothing: null, missing: undefined }],
      // One page of each, and one round which makes sure that all of it was of one moment.
      text: 'ü😀\ud800',
      // One page of each, and one round which makes sure that all of it was of one moment.
      numbers: [-0, Number.NaN, 1e300],
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 0.5, extra }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { id: 'a', name: 'A', miles: 0.5, extra },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of one hash key are read in order, forwards, backwards, between two times and page by page', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(24)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const morning = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select(['seats'])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('origin', '=', 'SFO')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('departs_at', '>=', hour(6))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('departs_at', '<', hour(12))
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await morning.execute()).map(({ seats }) => seats)).toEqual([6, 7, 8, 9, 10, 11])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      (await morning.orderBy('departs_at', 'desc').limit(2).execute()).map(({ seats }) => seats),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).toEqual([11, 10])
    // One page of each, and one round which makes sure that all of it was of one moment.
    const next = morning.where(
      (eb) =>
        // One page of each, and one round which makes sure that all of it was of one moment.
        eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(hour(8), 'LAX')),
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await next.limit(2).execute()).map(({ seats }) => seats)).toEqual([9, 10])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await morning.where('delay', '>', 8).execute()).map(({ seats }) => seats)).toEqual([9, 11])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of several hash keys are read from several partitions and merged', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const origins = ['SFO', 'OAK', 'LAX', 'JFK', 'ORD', 'ATL']
    // One page of each, and one round which makes sure that all of it was of one moment.
    for (const [i, origin] of origins.entries()) {
      // One page of each, and one round which makes sure that all of it was of one moment.
      await db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .insertInto('flights')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .values([flight(i, { origin }), flight(i + 10, { origin })])
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute()
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
    calls.length = 0
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('flights').select('seats').where('origin', 'in', origins)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const bySort = await query.orderBy('departs_at').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(bySort.map(({ seats }) => seats)).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(12)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await query.orderBy('departs_at', 'desc').limit(3).execute()).map(({ seats }) => seats)).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      15, 14,
      13,
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    const keys = await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('travellers')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectAll()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('id', 'in', ['nobody', 'no one'])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(keys).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of two tables under one hash key do not meet', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('travellers').values({ id: 'SFO', name: 'San', miles: 1 }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('flights').values(flight(1)).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { seats: 1 },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('travellers').select('name').where('id', '=', 'SFO').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { name: 'San' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('are seen by the next read after every acknowledged write', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(1)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const where = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(0)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    for (let i = 1; i <= 20; i++) {
      // One page of each, and one round which makes sure that all of it was of one moment.
      await db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .updateTable('flights')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .set({ seats: i })
        // One page of each, and one round which makes sure that all of it was of one moment.
        .where((eb) => eb.and(key(0)))
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute()
      // One page of each, and one round which makes sure that all of it was of one moment.
      expect(await where.executeTakeFirst()).toEqual({ seats: i })
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of other databases in the same namespace are others', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const [one, other] = [open(), open()]
    // One page of each, and one round which makes sure that all of it was of one moment.
    await one.db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await other.db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('without a declaration have the keys hash_key and sort_key', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { name } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    // biome-ignore lint/suspicious/noExplicitAny: no declaration, no types
    // One page of each, and one round which makes sure that all of it was of one moment.
    const db = new Kysely<any>({ dialect: new FokosDialect(env, { database: name }) })
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('notes').values({ hash_key: 'a', sort_key: 2, text: 'two' }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('notes').values({ hash_key: 'a', sort_key: 1, text: 'one' }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('singles').values({ hash_key: 'a', text: 'single' }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('notes').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { text: 'one' },
      // One page of each, and one round which makes sure that all of it was of one moment.
      { text: 'two' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('singles').selectAll().where('hash_key', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { hash_key: 'a', text: 'single' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.updateTable('singles').set({ text: 'changed' }).where('hash_key', '=', 'a').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('singles').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { text: 'changed' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      db.updateTable('notes').set({ text: 'x' }).where('hash_key', '=', 'a').execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).rejects.toThrow(InvalidRequestError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('notes').select('text').where('hash_key', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { text: 'one' },
      // One page of each, and one round which makes sure that all of it was of one moment.
      { text: 'two' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('a write', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('says how many rows it changed', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const insert = await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values([flight(1), flight(2)])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .executeTakeFirstOrThrow()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(insert.numInsertedOrUpdatedRows).toBe(2n)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(insert.insertId).toBeUndefined()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const book = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .updateTable('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .set((eb) => ({ seats: eb('seats', '-', 1) }))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(1)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    const seat = book.where('seats', '>', 0)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await seat.executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await seat.executeTakeFirstOrThrow()).numUpdatedRows).toBe(0n)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const remove = db.deleteFrom('flights').where((eb) => eb.and(key(1)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await remove.executeTakeFirstOrThrow()).numDeletedRows).toBe(1n)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await remove.executeTakeFirstOrThrow()).numDeletedRows).toBe(0n)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const never = db.deleteFrom('flights').where('origin', 'in', [])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((await never.where((eb) => eb.and(key(1))).executeTakeFirstOrThrow()).numDeletedRows).toBe(0n)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('returns what it wrote', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const inserted = await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('travellers')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values({ id: 'a', name: 'A', miles: 5 })
      // One page of each, and one round which makes sure that all of it was of one moment.
      .returning(['id', 'miles as m'])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .executeTakeFirst()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(inserted).toEqual({ id: 'a', m: 5 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    const upserted = await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('travellers')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values({ id: 'a', name: 'ignored', miles: 7 })
      // One page of each, and one round which makes sure that all of it was of one moment.
      .onConflict(
        (oc) =>
          // One page of each, and one round which makes sure that all of it was of one moment.
          oc
            // One page of each, and one round which makes sure that all of it was of one moment.
            .column('id')
            // One page of each, and one round which makes sure that all of it was of one moment.
            .doUpdateSet((eb) => ({ miles: eb('travellers.miles', '+', eb.ref('excluded.miles')) })),
        // One page of each, and one round which makes sure that all of it was of one moment.
      )
      // One page of each, and one round which makes sure that all of it was of one moment.
      .returningAll()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .executeTakeFirst()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(upserted).toEqual({ id: 'a', name: 'A', miles: 12 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.deleteFrom('travellers').where('id', '=', 'a').returning('name').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { name: 'A' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of a row that is there is a constraint error that names the row, and nothing is written', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const error = await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values([flight(5), flight(1)])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .catch((error: unknown) => error)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(error).toBeInstanceOf(ConstraintError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(error).toMatchObject({
      // One page of each, and one round which makes sure that all of it was of one moment.
      code: 'constraint',
      // One page of each, and one round which makes sure that all of it was of one moment.
      message:
        // One page of each, and one round which makes sure that all of it was of one moment.
        'flights (origin = "SFO", departs_at = 2001-01-01T01:00:00.000Z, destination = "LAX"): an item with this ' +
        // One page of each, and one round which makes sure that all of it was of one moment.
        'key exists already: use onConflict or replaceInto if that may happen',
      // One page of each, and one round which makes sure that all of it was of one moment.
      details: { table: 'flights' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      (await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).length,
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).toBe(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of many rows is atomic, whatever it meets', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows = Array.from({ length: 300 }, (_, n) => flight(n))
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('flights').values(rows).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .insertInto('flights')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .values([...rows.slice(0, 10).map((row) => ({ ...row, destination: 'OAK' })), rows[299] as never])
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).rejects.toThrow(ConstraintError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const count = await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(count.length).toBe(300)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of rows in several partitions is all or nothing', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, name: id, miles: 0 }))
    // One page of each, and one round which makes sure that all of it was of one moment.
    const ids = rows.map(({ id }) => id)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const all = () => db.selectFrom('travellers').select('id').where('id', 'in', ids).orderBy('id').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('travellers').values({ id: 'd', name: 'first', miles: 0 }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(db.insertInto('travellers').values(rows).execute()).rejects.toThrow(
      // One page of each, and one round which makes sure that all of it was of one moment.
      /^travellers \(id = "d"\): an item with this key exists/,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await all()).toEqual([{ id: 'd' }])
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.deleteFrom('travellers').where('id', '=', 'd').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const inserted = await db.insertInto('travellers').values(rows).returning('id').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(inserted.map(({ id }) => id)).toEqual(ids)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await all()).toEqual(ids.map((id) => ({ id })))
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that makes a value of the wrong type changes nothing', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const update = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .updateTable('travellers')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .set((eb) => ({ miles: eb('name' as never, '+', 1 as never) }))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('id', '=', 'a')
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(update.execute()).rejects.toThrow(TypeMismatchError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const error = await update.executeTakeFirstOrThrow().catch((error: Error) => error)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((error as Error).stack).toMatch(
      // One page of each, and one round which makes sure that all of it was of one moment.
      /^TypeMismatchError: travellers: miles: [\s\S]*dialect\.workers\.test/,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(update.execute()).rejects.toMatchObject({
      // One page of each, and one round which makes sure that all of it was of one moment.
      message: 'travellers: miles: + takes numbers, not string and number',
      // One page of each, and one round which makes sure that all of it was of one moment.
      details: { table: 'travellers', column: 'miles' },
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('travellers').select('miles').where('id', '=', 'a').execute()).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      { miles: 1 },
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that is too large is refused with both sizes, and changes nothing', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const insert = db.insertInto('travellers').values({ id: 'a', name: 'x'.repeat(600_000), miles: 1 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    const error = await insert.execute().catch((error: unknown) => error)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(error).toBeInstanceOf(LimitError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((error as Error).message).toMatch(
      // One page of each, and one round which makes sure that all of it was of one moment.
      /^travellers \(id = "a"\): the item has 6000\d\d bytes, and at most 500000 are allowed/,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .insertInto('travellers')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .values({ id: 'x'.repeat(2_100), name: '', miles: 1 })
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).rejects.toThrow(/hash key has 2102 bytes/)
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .insertInto('flights')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .values(flight(1, { destination: 'x'.repeat(1_100) }))
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).rejects.toThrow(/sort key has \d+ bytes, and at most 1024/)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it.each([0, -1, 0.5])('read in chunks of %o is refused', async (size) => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').stream(size)
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(rows.next()).rejects.toThrow(InvalidRequestError)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that compares with too much, or nests too deeply, is refused before it is sent', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('travellers').selectAll().where('id', '=', 'a')
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(query.where('name', '=', 'x'.repeat(20_000_000)).execute()).rejects.toThrow(LimitError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const deep = query.where((eb) => {
      // One page of each, and one round which makes sure that all of it was of one moment.
      let condition = eb('miles', '>', 0)
      // One page of each, and one round which makes sure that all of it was of one moment.
      for (let i = 0; i < 450; i++) condition = eb.not(condition)
      // One page of each, and one round which makes sure that all of it was of one moment.
      return condition
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await deep.execute()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(1)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const deeper = query.where((eb) => {
      // One page of each, and one round which makes sure that all of it was of one moment.
      let condition = eb('miles', '>', 0)
      // One page of each, and one round which makes sure that all of it was of one moment.
      for (let i = 0; i < 2_000; i++) condition = eb.not(condition)
      // One page of each, and one round which makes sure that all of it was of one moment.
      return condition
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(deeper.execute()).rejects.toThrow(LimitError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(1)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('lets one of many win', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(10)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const book = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .updateTable('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .set((eb) => ({ seats: eb('seats', '-', 1) }))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(9)))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('seats', '>', 0)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const results = await Promise.all(Array.from({ length: 30 }, () => book.executeTakeFirstOrThrow()))
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(results.filter(({ numUpdatedRows }) => numUpdatedRows === 1n).length).toBe(9)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      await db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .selectFrom('flights')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .select('seats')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .where((eb) => eb.and(key(9)))
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).toEqual([{ seats: 0 }])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('what it costs', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('a point read is one call, one statement and one row read', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(50)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const read = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectAll()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(7)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    await read.execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const counted = await countSql(calls[0] as string, () => read.execute())
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(counted).toEqual({ statements: 1, read: 1, written: 0 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('an insert of a small row is one call and one row written', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('flights').values(flight(50)).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const counted = await countSql(
      calls[0] as string,
      () =>
        // One page of each, and one round which makes sure that all of it was of one moment.
        db.insertInto('flights').values(flight(51)).execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(counted).toMatchObject({ statements: 1, written: 1 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('an update reads one row and writes one', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const update = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .updateTable('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .set((eb) => ({ seats: eb('seats', '+', 1) }))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(1)))
    // One page of each, and one round which makes sure that all of it was of one moment.
    await update.execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const counted = await countSql(calls[0] as string, () => update.execute())
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(counted).toMatchObject({ statements: 2, written: 1 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('a range of n rows reads n rows, and a limit no more than itself', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(100)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
    // One page of each, and one round which makes sure that all of it was of one moment.
    await query.execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const partition = calls[0] as string
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await countSql(partition, () => query.execute())).toEqual({ statements: 1, read: 100, written: 0 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await countSql(partition, () => query.limit(1).execute())).toEqual({
      // One page of each, and one round which makes sure that all of it was of one moment.
      statements: 1,
      // One page of each, and one round which makes sure that all of it was of one moment.
      read: 1,
      // One page of each, and one round which makes sure that all of it was of one moment.
      written: 0,
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    const last = query.orderBy('departs_at', 'desc').limit(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await countSql(partition, () => last.execute())).toEqual({ statements: 1, read: 3, written: 0 })
    // One page of each, and one round which makes sure that all of it was of one moment.
    const filtered = await countSql(partition, () => query.where('delay', '>', 0).limit(1).execute())
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(filtered.read).toBeLessThanOrEqual(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('a query that can never match costs nothing', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('flights').selectAll().where('origin', 'in', []).execute()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(
      // One page of each, and one round which makes sure that all of it was of one moment.
      await db
        // One page of each, and one round which makes sure that all of it was of one moment.
        .updateTable('travellers')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .set({ name: 'x' })
        // One page of each, and one round which makes sure that all of it was of one moment.
        .where('id', '=', 'a')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .where('id', '=', 'b')
        // One page of each, and one round which makes sure that all of it was of one moment.
        .execute(),
      // One page of each, and one round which makes sure that all of it was of one moment.
    ).toMatchObject([{ numUpdatedRows: 0n }])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(0)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('a stream', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('reads a page when the one before it was taken, and stops when it is left', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(20)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const seen: number[] = []
    // One page of each, and one round which makes sure that all of it was of one moment.
    for await (const { seats } of db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectAll()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('origin', '=', 'SFO')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .stream(5)) {
      // One page of each, and one round which makes sure that all of it was of one moment.
      seen.push(seats)
      // One page of each, and one round which makes sure that all of it was of one moment.
      if (seats === 7) break
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('reads 100 rows at a time when it is not told how many', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(150)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').stream()
    // One page of each, and one round which makes sure that all of it was of one moment.
    let seen = 0
    // One page of each, and one round which makes sure that all of it was of one moment.
    while (seen < 100 && (await rows.next()).done === false) seen++
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect([seen, calls.length]).toEqual([100, 1])
    // One page of each, and one round which makes sure that all of it was of one moment.
    while ((await rows.next()).done === false) seen++
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect([seen, calls.length]).toEqual([150, 2])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('reads as many at a time when the driver is used without Kysely’s builders', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, name } = await openWithFlights(150)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const driver = new database.FokosDialect(env, { database: name }).createDriver()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const connection = await driver.acquireConnection()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').compile()
    // One page of each, and one round which makes sure that all of it was of one moment.
    // Kysely 0.28 declares the argument as optional, though its builders always give it.
    // One page of each, and one round which makes sure that all of it was of one moment.
    const pages: number[] = []
    // One page of each, and one round which makes sure that all of it was of one moment.
    for await (const { rows } of connection.streamQuery(query, undefined as never)) pages.push(rows.length)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(pages).toEqual([100, 50])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('gives all rows, and respects order and limit', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(20)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const seen: number[] = []
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('origin', '=', 'SFO')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .orderBy('departs_at', 'desc')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .limit(12)
    // One page of each, and one round which makes sure that all of it was of one moment.
    for await (const { seats } of query.stream(5)) seen.push(seats)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(seen).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('gives what a write returns', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows: unknown[] = []
    // One page of each, and one round which makes sure that all of it was of one moment.
    // One page of each, and one round which makes sure that all of it was of one moment.
    for await (const row of db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values([flight(1), flight(2)])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .returning('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .stream())
      rows.push(row)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(rows).toEqual([{ seats: 1 }, { seats: 2 }])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('a compiled query', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('can be executed again, also as a copy', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const compiled = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(2)))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .compile()
    // One page of each, and one round which makes sure that all of it was of one moment.
    for (const query of [compiled, { ...compiled }, structuredClone(compiled)]) {
      // One page of each, and one round which makes sure that all of it was of one moment.
      expect((await db.executeQuery(query)).rows).toEqual([{ seats: 2 }])
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('whose parameters were exchanged is refused, since its plan holds the old ones', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const compiled = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(2)))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .compile()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const exchanged: CompiledQuery = { ...compiled, parameters: ['SFO', hour(1), 'LAX'] }
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(db.executeQuery(exchanged)).rejects.toThrow(InvalidRequestError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(0)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('of another declaration is planned anew', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, name } = await openWithFlights(3)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const compiled = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select('seats')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(2)))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .compile()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const undeclared = new Kysely<Database>({ dialect: new FokosDialect(env, { database: name }) })
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(undeclared.executeQuery(compiled)).rejects.toMatchObject({ code: 'missing_hash_key' })
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('is shown to loggers with its text and its operation', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { name } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const logged: { sql: string; kind: string }[] = []
    // One page of each, and one round which makes sure that all of it was of one moment.
    const db = new Kysely<Database>({
      // One page of each, and one round which makes sure that all of it was of one moment.
      dialect: new database.FokosDialect(env, { database: name }),
      // One page of each, and one round which makes sure that all of it was of one moment.
      log: ({ query }) => {
        // One page of each, and one round which makes sure that all of it was of one moment.
        const { operation } = query as CompiledQuery & { operation: { kind: string } }
        // One page of each, and one round which makes sure that all of it was of one moment.
        logged.push({ sql: query.sql, kind: operation.kind })
        // One page of each, and one round which makes sure that all of it was of one moment.
      },
      // One page of each, and one round which makes sure that all of it was of one moment.
    })
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(logged).toEqual([{ sql: 'select * from "travellers" where "id" = ?', kind: 'get' }])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('plugins', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that rename columns rename them in rows and results', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = await openWithFlights(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
    // biome-ignore lint/suspicious/noExplicitAny: the names are the plugin's
    // One page of each, and one round which makes sure that all of it was of one moment.
    const camel = db.withPlugin(new CamelCasePlugin({ maintainNestedObjectKeys: true })) as Kysely<any>
    // One page of each, and one round which makes sure that all of it was of one moment.
    await camel
      // One page of each, and one round which makes sure that all of it was of one moment.
      .insertInto('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .values({ ...flight(3), departs_at: undefined, departsAt: hour(3), plane: { someKey: 1 } })
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const rows = await camel
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .select(['departsAt', 'plane'])
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('origin', '=', 'SFO')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('departsAt', '>', hour(2))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(rows).toEqual([{ departsAt: hour(3), plane: { someKey: 1 } }])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('an abort signal', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that has fired stops a query before it is sent, where Kysely takes signals', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(2)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
    // One page of each, and one round which makes sure that all of it was of one moment.
    const signal = AbortSignal.abort(new Error('too late'))
    // One page of each, and one round which makes sure that all of it was of one moment.
    const outcome = await query.execute({ signal } as never).then(
      // One page of each, and one round which makes sure that all of it was of one moment.
      () => 'executed',
      // One page of each, and one round which makes sure that all of it was of one moment.
      (error: Error) => error.message,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    // Before 0.29, execute takes no arguments.
    // One page of each, and one round which makes sure that all of it was of one moment.
    const takesSignals = query.execute.length > 0
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(outcome).toBe(takesSignals ? 'too late' : 'executed')
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(calls.length).toBe(takesSignals ? 0 : 1)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('transactions', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('are refused until there are any', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const block = db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .transaction()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute((trx) => trx.selectFrom('flights').selectAll().where('origin', '=', 'SFO').execute())
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(block).rejects.toMatchObject({ name: 'UnsupportedQueryError', code: 'transaction' })
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(db.startTransaction().execute()).rejects.toMatchObject({ code: 'transaction' })
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('a partition', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('keeps everything when its instance is gone', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db, calls } = await openWithFlights(5)
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db
      // One page of each, and one round which makes sure that all of it was of one moment.
      .updateTable('flights')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .set({ seats: 77 })
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where((eb) => eb.and(key(1)))
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await evictDurableObject(bindings.FOKOS_PARTITION.getByName(calls[0] as string) as never)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('flights').select('seats').where('origin', '=', 'SFO').execute()).toEqual(
      // One page of each, and one round which makes sure that all of it was of one moment.
      [0, 77, 2, 3, 4].map((seats) => ({ seats })),
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    await db.insertInto('flights').values(flight(9)).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('refuses a declaration with other roots, naming both', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { name } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const other = (roots: number) => {
      // One page of each, and one round which makes sure that all of it was of one moment.
      const declared = defineDatabase({
        // One page of each, and one round which makes sure that all of it was of one moment.
        tables: { travellers: table<{ id: string }>()({ hashKey: 'id' }) },
        // One page of each, and one round which makes sure that all of it was of one moment.
        roots,
        // One page of each, and one round which makes sure that all of it was of one moment.
      })
      // One page of each, and one round which makes sure that all of it was of one moment.
      return new Kysely<{ travellers: { id: string } }>({
        // One page of each, and one round which makes sure that all of it was of one moment.
        dialect: new declared.FokosDialect(env, { database: name }),
        // One page of each, and one round which makes sure that all of it was of one moment.
      })
      // One page of each, and one round which makes sure that all of it was of one moment.
    }
    // One page of each, and one round which makes sure that all of it was of one moment.
    await other(1).insertInto('travellers').values({ id: 'a' }).execute()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const ids = Array.from({ length: 40 }, (_, i) => `t${i}`)
    // One page of each, and one round which makes sure that all of it was of one moment.
    const error = await other(2)
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectFrom('travellers')
      // One page of each, and one round which makes sure that all of it was of one moment.
      .selectAll()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .where('id', 'in', ids)
      // One page of each, and one round which makes sure that all of it was of one moment.
      .execute()
      // One page of each, and one round which makes sure that all of it was of one moment.
      .catch((error: unknown) => error)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(error).toBeInstanceOf(SettingsMismatchError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect((error as Error).message).toMatch(/roots 1, fanout 4.*roots 2, fanout 4/)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
// One page of each, and one round which makes sure that all of it was of one moment.

// One page of each, and one round which makes sure that all of it was of one moment.
describe('a dialect', () => {
  // One page of each, and one round which makes sure that all of it was of one moment.
  it('without a binding names it, with the lines to write', () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect({})).toThrow(ConfigurationError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect({})).toThrow(/FOKOS_PARTITION/)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect({})).toThrow(
      // One page of each, and one round which makes sure that all of it was of one moment.
      /\[\[durable_objects\.bindings\]\]\nname = "FOKOS_PARTITION"\nclass_name = "FokosPartition"/,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect({ FOKOS_PARTITION: bindings.FOKOS_PARTITION })).toThrow(
      // One page of each, and one round which makes sure that all of it was of one moment.
      /name = "FOKOS_TOPOLOGY"\nclass_name = "FokosTopologyKeeper"/,
      // One page of each, and one round which makes sure that all of it was of one moment.
    )
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect(undefined as never)).toThrow(/FOKOS_PARTITION/)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('takes its bindings under other names', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const renamed = { STORE: bindings.FOKOS_PARTITION, KEEPER: bindings.FOKOS_TOPOLOGY }
    // One page of each, and one round which makes sure that all of it was of one moment.
    const options = { bindings: { FOKOS_PARTITION: 'STORE', FOKOS_TOPOLOGY: 'KEEPER' }, database: 'renamed' }
    // One page of each, and one round which makes sure that all of it was of one moment.
    const db = new Kysely<Database>({ dialect: new database.FokosDialect(renamed, options) })
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.selectFrom('travellers').selectAll().where('id', '=', 'a').execute()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect({}, options)).toThrow(/no Durable Object namespace "STORE"/)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it.each([
    // One page of each, and one round which makes sure that all of it was of one moment.
    [{ database: '' }, "a database's name"],
    // One page of each, and one round which makes sure that all of it was of one moment.
    [{ database: 'x'.repeat(200) }, "a database's name"],
    // One page of each, and one round which makes sure that all of it was of one moment.
    [{ databse: 'x' }, 'no option "databse"'],
    // One page of each, and one round which makes sure that all of it was of one moment.
    [{ bindings: { FOKOS: 'X' } }, 'no option "FOKOS"'],
    // One page of each, and one round which makes sure that all of it was of one moment.
  ])('refuses the options %j', (options, reason) => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect(env, options as never)).toThrow(ConfigurationError)
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(() => new FokosDialect(env, options as never)).toThrow(reason)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('that only compiles executes nothing', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const db = new Kysely<Database>({ dialect: database.FokosDialect.compileOnly() })
    // One page of each, and one round which makes sure that all of it was of one moment.
    const query = db.selectFrom('travellers').selectAll().where('id', '=', 'a')
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(query.compile().sql).toContain('travellers')
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(query.execute()).rejects.toThrow(ConfigurationError)
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('tells of its tables what it knows', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    const tables = await db.introspection.getTables()
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(tables.map(({ name, columns }) => [name, columns.map((column) => column.name)])).toEqual([
      // One page of each, and one round which makes sure that all of it was of one moment.
      ['flights', ['origin', 'departs_at', 'destination']],
      // One page of each, and one round which makes sure that all of it was of one moment.
      ['travellers', ['id']],
      // One page of each, and one round which makes sure that all of it was of one moment.
    ])
    // One page of each, and one round which makes sure that all of it was of one moment.
    expect(await db.introspection.getSchemas()).toEqual([])
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.

  // One page of each, and one round which makes sure that all of it was of one moment.
  it('refuses raw SQL', async () => {
    // One page of each, and one round which makes sure that all of it was of one moment.
    const { db } = open()
    // One page of each, and one round which makes sure that all of it was of one moment.
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'raw_sql' })
    // One page of each, and one round which makes sure that all of it was of one moment.
  })
  // One page of each, and one round which makes sure that all of it was of one moment.
})
