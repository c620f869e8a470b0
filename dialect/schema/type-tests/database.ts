import { type Generated, Kysely } from 'kysely'
import { defineDatabase, type HashKey, type InferDatabase, type SortKey, table } from '../../index.js'

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
