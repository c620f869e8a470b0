import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    flights: table<{ number: string; seats: number; left: number }>()({ hashKey: 'number' }),
    // A traveller and the traveller's bookings have the same hash key, so they live together. The key of a
    // booking lets nobody book a flight twice.
    travellers: table<{ id: string; miles: number }>()({ hashKey: 'id' }),
    bookings: table<{ traveller: string; flight: string; seat: number | null }>()({
      hashKey: 'traveller',
      sortKey: 'flight',
    }),
  },
})

export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>
