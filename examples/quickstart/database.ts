import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    // All departures of an airport live together, ordered by time. Two flights of one airport can leave for
    // one destination in the same minute: the sequence number tells them apart.
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
    // One row per hash key.
    airports: table<{
      iata: string
      name: string
      city: string
      state: string
      bookings: number
    }>()({ hashKey: 'iata' }),
    // What has been loaded, so that it is not loaded twice.
    loads: table<{ source: string; rows: number; finished_at: Date }>()({ hashKey: 'source' }),
  },
})

export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>
