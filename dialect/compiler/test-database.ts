import { Kysely } from 'kysely'
import { defineDatabase, FokosDialect } from '../index.js'
import { table } from '../schema/table.js'

/** The database that the compiler's tests use. Its calls fail: nothing here may reach a partition. */
export const database = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    travellers: table<{ id: string }>()({ hashKey: 'id' }),
    ledger: table<{ account: bigint; day: number }>()({ hashKey: 'account', sortKey: 'day' }),
  },
})

/** Counts the calls that reach it, of which there must be none. */
export const calls = { count: 0 }

export const unreachable = {
  FOKOS_PARTITION: {
    getByName() {
      calls.count++
      throw new Error('nothing may be sent')
    },
  },
  FOKOS_TOPOLOGY: {},
}

// biome-ignore lint/suspicious/noExplicitAny: what the types refuse must reach the compiler here
export const db = new Kysely<any>({ dialect: new database.FokosDialect(unreachable) })
// biome-ignore lint/suspicious/noExplicitAny: as above
export const undeclared = new Kysely<any>({ dialect: new FokosDialect(unreachable) })
