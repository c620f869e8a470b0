import { type ColumnType, type Generated, Kysely } from 'kysely'
import { defineDatabase, type HashKey, type InferDatabase, type SortKey, table, ulid } from '../../index.js'

/** The database that the type tests use. */
export const database = defineDatabase({
  tables: {
    flights: table<{
      origin: string
      departs_at: Date
      destination: string
      seats: number
      delay: number | null
      tags: string[]
      plane: { model: string; rows: number[] }
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
    travellers: table<{ id: string; name: string; miles?: number }>()({ hashKey: 'id' }),
    counters: table<{ name: bigint; day: number; count: number }>()({ hashKey: 'name', sortKey: 'day' }),
  },
})
export type Database = InferDatabase<typeof database>

export const db = new Kysely<Database>({ dialect: database.FokosDialect.compileOnly() })

/** Declared by hand, for the dialect without a declaration. */
export interface Undeclared {
  notes: { hash_key: HashKey<string>; sort_key: SortKey<string>; text: string }
  pages: { hash_key: HashKey<string>; sort_key?: SortKey<string>; text: string }
}
export const undeclared = new Kysely<Undeclared>({ dialect: database.FokosDialect.compileOnly() })

/** Rows that may have any column beside those that are named, or columns of Kysely's own kinds. */
export const loosely = defineDatabase({
  tables: {
    notes: table<{ [column: string]: unknown; id: string; at: Date }>()({ hashKey: 'id', sortKey: 'at' }),
    made: table<{ id: Generated<string>; n: number }>()({ hashKey: 'id' }),
  },
})
export const loose = new Kysely<InferDatabase<typeof loosely>>({
  dialect: loosely.FokosDialect.compileOnly(),
})

/** Rows of which an insert may leave out much, or all. */
export const lazily = defineDatabase({
  tables: {
    orders: table<{
      customer: string
      id: string
      state: 'new' | 'paid'
      placed_at: Date
      tags: string[]
      note?: string
      made: ColumnType<number, never, never>
    }>()({
      hashKey: 'customer',
      sortKey: 'id',
      defaults: { id: ulid, state: 'new', placed_at: () => new Date(), tags: () => [], made: 1 },
    }),
    visits: table<{ id: string; at: Date; page: string | null }>()({
      hashKey: 'id',
      sortKey: ['at'],
      defaults: { id: ulid, at: () => new Date(), page: null },
    }),
    pages: table<{ id: string; text: string }>()({ hashKey: 'id', defaults: { id: ulid } }),
  },
})
export type Lazy = InferDatabase<typeof lazily>
export const lazy = new Kysely<Lazy>({ dialect: lazily.FokosDialect.compileOnly() })

/** Of another dialect altogether. */
export interface Unbranded {
  person: { id: number; name: string }
  pet: { id: number; owner_id: number }
}
export const unbranded = new Kysely<Unbranded>({ dialect: database.FokosDialect.compileOnly() })

// biome-ignore lint/suspicious/noExplicitAny: Kysely<any> is what is tested
export const anything = new Kysely<any>({ dialect: database.FokosDialect.compileOnly() })

export const key = { origin: 'SFO', departs_at: new Date(), destination: 'LAX' }

/** Fails to type-check when two types are not the same. */
export function expectType<Expected>() {
  return <Actual>(
    _: Actual,
    ..._same: (<T>() => T extends Actual ? 1 : 2) extends <T>() => T extends Expected ? 1 : 2 ? [] : [never]
  ): void => {}
}
