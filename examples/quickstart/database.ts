import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    flights: table<{
      origin: string
      departs_at: Date
      destination: string
      sequence: number
      delay: number
      distance: number
      seats: number
    }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination', 'sequence'],
    }),
    airports: table<{ iata: string; name: string; city: string; state: string; departures: number }>()({
      hashKey: 'iata',
    }),
  },
})

export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>
