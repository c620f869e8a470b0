import { CamelCasePlugin, Kysely } from 'kysely'
import { defineDatabase, type HashKey, type InferDatabase, type SortKey, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    flights: table<{
      origin: string
      departs_at: Date
      destination: string
      seats: number
      delay: number | null
      status: 'open' | 'closed'
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
    travellers: table<{ id: string; name: string; miles: number }>()({ hashKey: 'id' }),
  },
})
export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>

// The same tables, in another order: a database of its own.
export const archive = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string; seats: number }>()({
      hashKey: 'origin',
      sortKey: ['destination', 'departs_at'],
    }),
  },
})
export type Archive = InferDatabase<typeof archive>

export interface CamelCased {
  flights: {
    origin: HashKey<string>
    departsAt: SortKey<Date>
    destination: SortKey<string>
    seats: number
    delay: number | null
  }
}

export function open(env: object) {
  return new Kysely<Database>({ dialect: new FokosDialect(env) })
}

export const openArchive = (env: object) => new Kysely<Archive>({ dialect: new archive.FokosDialect(env) })

export const openCamelCased = (env: object) =>
  new Kysely<CamelCased>({ dialect: new FokosDialect(env), plugins: [new CamelCasePlugin()] })
