import { type } from 'arktype'
import * as v from 'valibot'
import * as z from 'zod'
import { defineDatabase, type InferDatabase, type RowValidator, table } from '../index.js'

/** One kind of row for all: accounts that never owe anything. */
export interface Account {
  id: string
  balance: number
  owner: { name: string; tags: string[] }
  note?: string | null
}

/** Follows the specification by hand, and does what no validator should. */
function unruly(validate: (row: Account) => unknown): RowValidator {
  return {
    '~standard': { version: 1, vendor: 'unruly', validate: (row) => validate(row as Account) as never },
  }
}

/** Typed as if it made sure of everything. */
const trusted = (validator: RowValidator) => validator as RowValidator & typeof byZod

const byZod = z.object({
  id: z.string(),
  balance: z.number().min(0, 'must not be negative'),
  owner: z.object({ name: z.string(), tags: z.array(z.string().max(5)) }),
  note: z.string().nullable().optional(),
})

const byValibot = v.object({
  id: v.string(),
  balance: v.pipe(v.number(), v.minValue(0, 'must not be negative')),
  owner: v.object({ name: v.string(), tags: v.array(v.pipe(v.string(), v.maxLength(5))) }),
  note: v.optional(v.nullable(v.string())),
})

const byArktype = type({
  id: 'string',
  balance: 'number >= 0',
  owner: { name: 'string', tags: '(string <= 5)[]' },
  'note?': 'string | null',
})

/** Tables of the same rows, each with another validator. */
export const database = defineDatabase({
  tables: {
    zod: table<Account>()({ hashKey: 'id', validate: byZod }),
    valibot: table<Account>()({ hashKey: 'id', validate: byValibot }),
    arktype: table<Account>()({ hashKey: 'id', validate: byArktype }),
    // What a validator makes of a row is not stored.
    transforming: table<Account>()({
      hashKey: 'id',
      validate: byZod.transform(({ id }) => ({ id, changed: true })),
    }),
    // Rows of which the balance is not whole, and then those that must not be there.
    promising: table<Account>()({
      hashKey: 'id',
      validate: trusted(
        unruly((row) => (Number.isInteger(row.balance) ? { value: row } : Promise.reject(row))),
      ),
    }),
    throwing: table<Account>()({
      hashKey: 'id',
      validate: trusted(
        unruly((row) => {
          if (!Number.isInteger(row.balance)) throw new Error('not whole')
          return { value: row }
        }),
      ),
    }),
    unvalidated: table<Account>()({ hashKey: 'id' }),
  },
})

/** The same tables, as a Worker sees them that has no validators yet. */
export const trusting = defineDatabase({
  tables: { zod: table<Account>()({ hashKey: 'id' }), valibot: table<Account>()({ hashKey: 'id' }) },
})

export type Database = InferDatabase<typeof database>
