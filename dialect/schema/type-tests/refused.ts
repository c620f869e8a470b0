// Every line under a comment `// refused: text` must fail to type-check with that text; no other line may.

import { type } from 'arktype'
import { Kysely, type Transaction } from 'kysely'
import * as v from 'valibot'
import * as z from 'zod'
import { defineDatabase, scanEveryPartition, table, ulid } from '../../index.js'
import { type Database, db, key, lazy, loose, undeclared } from './database.js'

const flights = db.selectFrom('flights').selectAll()
const ofSfo = flights.where('origin', '=', 'SFO')

// refused: a query on "flights" must compare its hash key "origin" with = or in: add .where('origin', '=', value)
flights.execute()
// refused: must compare its hash key "origin"
flights.executeTakeFirst()
// refused: must compare its hash key "origin"
flights.executeTakeFirstOrThrow()
// refused: must compare its hash key "origin"
flights.stream()
// refused: must compare its hash key "origin"
flights.explain()
// refused: must compare its hash key "origin"
flights.where('delay', '>', 60).execute()
// refused: must compare its hash key "origin"
flights.where('origin', '>', 'SFO').execute()
// refused: must compare its hash key "origin"
flights.whereRef('origin', '=', 'destination').execute()
// refused: must compare its hash key "origin"
flights.$if(key.origin !== '', (qb) => qb.where('origin', '=', 'SFO')).execute()
// refused: must compare its hash key "origin"
ofSfo.clearWhere().execute()
// refused: must compare its hash key "origin"
db.selectFrom('flights as f').select('f.seats').where('f.seats', '>', 1).execute()
// refused: a query on "notes" must compare its hash key "hash_key"
undeclared.selectFrom('notes').selectAll().where('sort_key', '=', 'x').execute()

export async function inside(trx: Transaction<Database>): Promise<void> {
  // refused: must compare its hash key "origin"
  await trx.selectFrom('flights').selectAll().execute()
  // refused: joins are not supported
  trx.selectFrom('flights').innerJoin('travellers', 'travellers.id', 'flights.origin')
}

export function conditional(when: boolean): void {
  let query = db.selectFrom('flights').selectAll()
  if (when) query = query.where('delay', '>', 1)
  // refused: must compare its hash key "origin"
  query.execute()
}

// refused: joins are not supported: run a second query
ofSfo.innerJoin('travellers', 'travellers.id', 'flights.origin')
// refused: joins are not supported
ofSfo.leftJoin('travellers', 'travellers.id', 'flights.origin')
// refused: joins are not supported
ofSfo.rightJoin('travellers', 'travellers.id', 'flights.origin')
// refused: joins are not supported
ofSfo.fullJoin('travellers', 'travellers.id', 'flights.origin')
// refused: joins are not supported
ofSfo.crossJoin('travellers')
// refused: joins are not supported
ofSfo.innerJoinLateral('travellers', (join) => join.onTrue())
// refused: joins are not supported
ofSfo.leftJoinLateral('travellers', (join) => join.onTrue())
// refused: joins are not supported
ofSfo.crossJoinLateral('travellers')
// refused: joins are not supported
ofSfo.crossApply('travellers')
// refused: joins are not supported
ofSfo.outerApply('travellers')
// refused: union, intersect and except are not supported
ofSfo.union(ofSfo)
// refused: union, intersect and except are not supported
ofSfo.unionAll(ofSfo)
// refused: union, intersect and except are not supported
ofSfo.intersect(ofSfo)
// refused: union, intersect and except are not supported
ofSfo.intersectAll(ofSfo)
// refused: union, intersect and except are not supported
ofSfo.except(ofSfo)
// refused: union, intersect and except are not supported
ofSfo.exceptAll(ofSfo)
// refused: "delay" is not part of the key of "flights"
ofSfo.orderBy('delay')
// refused: "seats" is not part of the key of "flights"
ofSfo.orderBy('flights.seats', 'desc')
// refused: "seats" is not part of the key of "flights"
ofSfo.orderBy('seats desc')
// refused: "delay" is not next in the sort key of "flights"
ofSfo.groupBy('delay')
// refused: "seats" is not next in the sort key of "flights": group by the hash key
ofSfo.groupBy(['departs_at', 'flights.seats'])
// refused: distinct on is not supported
ofSfo.distinctOn('origin')
// refused: fetch and top are not supported
ofSfo.fetch(1)
// refused: fetch and top are not supported
ofSfo.top(1)
// refused: rows are not locked by a select
ofSfo.forUpdate()
// refused: rows are not locked by a select
ofSfo.skipLocked()
// refused: modifyFront and modifyEnd are not supported
ofSfo.modifyEnd(null)
// refused: subqueries are not supported
ofSfo.as('f')

// refused: a query reads one table
db.selectFrom(['flights', 'travellers']).selectAll()
// refused: subqueries are not supported
db.selectFrom((eb) => eb.selectFrom('flights').selectAll().as('f')).selectAll()
// refused: a query without a table has no place
db.selectNoFrom((eb) => eb.val(1).as('one')).execute()
// refused: common table expressions are not supported
db.with('f', (qb) => qb.selectFrom('flights').selectAll()).selectFrom('f')
// refused: common table expressions are not supported
db.withRecursive('f', (qb) => qb.selectFrom('flights').selectAll()).selectFrom('f')
// refused: merge is not supported: use onConflict
db.mergeInto('flights').using('travellers', 'travellers.id', 'flights.origin')
// refused: subqueries are not supported
ofSfo.where((eb) => eb('seats', 'in', eb.selectFrom('flights').select('seats')))

const booking = db.updateTable('flights').set({ seats: 1 })
// refused: a query on "flights" must compare its hash key "origin"
booking.execute()
// refused: a query on "flights" must compare its hash key "origin"
booking.where('destination', '=', 'LAX').execute()
// refused: a query on "flights" must compare its hash key "origin"
db.deleteFrom('flights').where('departs_at', '<', key.departs_at).execute()
// refused: a query on "flights" must compare its hash key "origin"
booking.where('departs_at', '=', key.departs_at).explain()
// refused: a query on "travellers" must compare its hash key "id"
db.deleteFrom('travellers').execute()
// refused: the key column "origin" of "flights" cannot change: delete the row and insert it under its new key
db.updateTable('flights').set({ origin: 'OAK' })
// refused: the key column "departs_at" of "flights" cannot change
db.updateTable('flights').set({ seats: 1, departs_at: new Date() })
// refused: the key column "id" of "travellers" cannot change
db.updateTable('travellers').set('id', 'b')
// refused: the key column "origin" of "flights" cannot change
db.updateTable('flights').set((eb) => ({ origin: eb.val('OAK') }))
// refused: update from another table is not supported
booking.from('travellers')
// refused: joins are not supported
booking.innerJoin('travellers', 'travellers.id', 'flights.origin')
// refused: order by, limit and top are not supported in a write
booking.limit(1)
// refused: order by, limit and top are not supported in a write
booking.orderBy('departs_at')
// refused: output is not supported: use returning
booking.output('inserted.seats')
// refused: delete using another table is not supported
db.deleteFrom('flights').using('travellers')
// refused: order by, limit and top are not supported in a write
db.deleteFrom('flights').limit(1)
// refused: joins are not supported
db.deleteFrom('flights').innerJoin('travellers', 'travellers.id', 'flights.origin')
// refused: a query reads one table
db.deleteFrom(['flights', 'travellers']).execute()

// refused: Expected 0 arguments
ofSfo.explain('json')
// refused: isSelectQueryBuilder
scanEveryPartition(db.deleteFrom('flights'))
// refused: segmnets
scanEveryPartition(flights, { segmnets: 4 })

const insert = db.insertInto('travellers')
// refused: insert from a select is not supported
insert.expression((eb) => eb.selectFrom('travellers').selectAll())
// refused: "id" of "travellers" has no default: declare one in table(), or insert the values
insert.defaultValues()
// refused: "name" of "travellers" has no default
insert.defaultValues()
// refused: "text" of "pages" has no default
lazy.insertInto('pages').defaultValues()
// refused: text
lazy.insertInto('pages').values({})
// refused: customer
lazy.insertInto('orders').values({ id: 'a' })
// refused: "gone"
lazy.insertInto('orders').values({ customer: 'a', state: 'gone' })
// refused: the key column "id" of "orders" cannot change
lazy.updateTable('orders').set({ id: 'b' })
// refused: null
lazy.insertInto('orders').values({ customer: 'a', state: null })
// refused: on duplicate key update is not supported: use onConflict
insert.onDuplicateKeyUpdate({ name: 'x' })
// refused: insert or rollback is not supported
insert.orRollback()
// refused: insert or fail is not supported
insert.orFail()
// refused: order by, limit and top are not supported in a write
insert.top(1)
// refused: id
insert.values({ name: 'A' })
// refused: null
insert.values({ id: null, name: 'A' })

// refused: Type 'number' is not assignable to type 'string | (() => string)'
table<{ id: string; state: string }>()({ hashKey: 'id', defaults: { state: 5 } })
// refused: Type 'number' is not assignable to type 'string'
table<{ id: string; state: string }>()({ hashKey: 'id', defaults: { state: () => 5 } })
// refused: Type 'string' is not assignable to type 'Date'
table<{ id: string; at: Date }>()({ hashKey: 'id', sortKey: 'at', defaults: { at: ulid } })
// refused: Type 'Promise<string>' is not assignable to type 'string'
table<{ id: string; state: string }>()({ hashKey: 'id', defaults: { state: async () => 'new' } })
// refused: Type 'null' is not assignable
table<{ id: string; state: string }>()({ hashKey: 'id', defaults: { state: null } })
// refused: there is no column "stat" to have a default
table<{ id: string; state: string }>()({ hashKey: 'id', defaults: { stat: 'new' } })
interface Note {
  id: string
  text: string
}
const id = z.string()
const ofAnotherType = z.object({ id, text: z.number() })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: ofAnotherType })
const ofFewerColumns = z.object({ id })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: ofFewerColumns })
const withLess = v.object({ id: v.string(), text: v.optional(v.string()) })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: withLess })
const withMore = type({ id: 'string', text: 'string | null' })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: withMore })
const withItsOwnDefault = z.object({ id, text: z.string().default('x') })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: withItsOwnDefault })
const coercing = z.object({ id, text: z.coerce.string() })
// refused: the validator lets "text" be something else than the row type says
table<Note>()({ hashKey: 'id', validate: coercing })
const isText = (row: unknown) => row !== null
// refused: is not assignable to type 'RowValidator'
table<Note>()({ hashKey: 'id', validate: isText })
// refused: "nothing"
table<{ id: string }>()({ hashKey: 'nothing' })
// refused: the column "tags" cannot stand in a key: keys hold strings, numbers
table<{ id: string; tags: string[] }>()({ hashKey: 'tags' })
// refused: the column "maybe" cannot stand in a key
table<{ id: string; maybe: string | null }>()({ hashKey: 'id', sortKey: 'maybe' })
// refused: the column "id" stands once in a key
table<{ id: string; at: Date }>()({ hashKey: 'id', sortKey: ['at', 'id'] })
// refused: Property 'hashKey' is missing
table<{ id: string; at: Date }>()({ sortKey: 'at' })
// refused: sortkey
table<{ id: string; at: Date }>()({ hashKey: 'id', sortkey: 'at' })
// refused: the column "id" is a part of the key, which never changes
table<{ id: string; at: Date }>()({ hashKey: 'id', expiresAt: 'id' })
// refused: the column "at" is a part of the key
table<{ id: string; at: Date }>()({ hashKey: 'id', sortKey: ['at'], expiresAt: 'at' })
// refused: the column "until" cannot say when a row expires: it holds a Date, or null for never
table<{ id: string; until: string | null }>()({ hashKey: 'id', expiresAt: 'until' })
// refused: the column "until" cannot say when a row expires
table<{ id: string; until: Date | number }>()({ hashKey: 'id', expiresAt: 'until' })
// refused: "nothing"
table<{ id: string; until: Date }>()({ hashKey: 'id', expiresAt: 'nothing' })
// refused: rootes
defineDatabase({ tables: { t: table<{ id: string }>()({ hashKey: 'id' }) }, rootes: 2 })
// refused: dialect
new Kysely<Database>({})

// refused: subqueries are not supported
flights.where('delay', '=', db.selectFrom('flights').select('delay')).execute()
// refused: subqueries are not supported
db.deleteFrom('flights').where('seats', 'in', db.selectFrom('flights').select('seats'))
// refused: subqueries are not supported
db.updateTable('flights').set({ seats: 1 }).where('seats', 'in', db.selectFrom('flights').select('seats'))
declare const either: 'flights' | 'travellers'
// refused: a query reads one table: run a query per table
db.selectFrom(either).selectAll().execute()
// refused: a query reads one table
db.deleteFrom(either).execute()
// refused: "seats" is not part of the key of "flights"
ofSfo.orderBy(['departs_at', 'seats'])
// refused: "seats" is not part of the key of "flights"
ofSfo.orderBy(['departs_at desc', 'seats desc'])
declare const column: 'departs_at' | 'seats'
// refused: "seats" is not part of the key of "flights"
ofSfo.orderBy(column)
// refused: must compare its hash key "id"
loose.selectFrom('notes').selectAll().execute()

const transaction = db.transaction()
// refused: every transaction is serializable, and "read committed" would be less
transaction.setIsolationLevel('read committed').execute(async () => {})
const controlled = db.startTransaction()
// refused: every transaction is serializable, and "snapshot" would be less
controlled.setIsolationLevel('snapshot').execute()
