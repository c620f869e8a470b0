import { type } from 'arktype'
import { type ColumnType, type Generated, Kysely } from 'kysely'
import * as v from 'valibot'
import * as z from 'zod'
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

const note = z.object({ id: z.string(), text: z.string().optional() })

/** Rows that may have any column beside those that are named, or columns of Kysely's own kinds. */
export const loosely = defineDatabase({
  tables: {
    notes: table<{ [column: string]: unknown; id: string; at: Date }>()({ hashKey: 'id', sortKey: 'at' }),
    made: table<{ id: Generated<string>; n: number }>()({ hashKey: 'id' }),
    ending: table<{ id: string; at: Date }>()({ hashKey: 'id', expiresAt: 'at' }),
    renewed: table<{ id: string; at: Date; until: Date | null }>()({
      hashKey: 'id',
      sortKey: 'at',
      expiresAt: 'until',
    }),
    optional: table<{ id: string; until?: Date | null }>()({
      hashKey: 'id',
      expiresAt: 'until',
    }),
    generated: table<{ id: string; until: Generated<Date> }>()({ hashKey: 'id', expiresAt: 'until' }),
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

interface Account {
  id: string
  at: Date
  balance: number
  kind: string
  note?: string
}
/** Rows with validators of several makes. */
export const validated = defineDatabase({
  tables: {
    zod: table<Account>()({
      hashKey: 'id',
      sortKey: 'at',
      defaults: { kind: 'private' },
      validate: z.object({
        id: z.string(),
        at: z.date(),
        balance: z.number().transform(String),
        kind: z.enum(['private', 'business']),
        note: z.string().optional(),
      }),
    }),
    valibot: table<Account>()({
      hashKey: 'id',
      validate: v.object({
        id: v.string(),
        at: v.date(),
        balance: v.pipe(v.number(), v.minValue(0)),
        kind: v.string(),
        note: v.optional(v.string()),
        more: v.optional(v.string()),
      }),
    }),
    arktype: table<Account>()({
      hashKey: 'id',
      validate: type({ id: 'string', at: 'Date', balance: 'number >= 0', kind: 'string', 'note?': 'string' }),
    }),
    // biome-ignore lint/suspicious/noExplicitAny: what has no type makes sure of everything
    any: table<Account>()({ hashKey: 'id', validate: z.any() as any }),
    inferred: table<z.infer<typeof note>>()({ hashKey: 'id', validate: note }),
    generated: table<{ id: Generated<string>; n: number }>()({
      hashKey: 'id',
      validate: z.object({ id: z.string(), n: z.number() }),
    }),
  },
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
