import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    readings: table<{ device: string; number: number; text: string }>()({
      hashKey: 'device',
      sortKey: 'number',
    }),
    // Under the hash keys of the devices, so that they move with the devices' readings.
    counters: table<{ device: string; count: number }>()({ hashKey: 'device' }),
  },
  // Far too small for anything but a look at how a tree grows.
  roots: 2,
  fanout: 4,
  splitAt: { bytes: 200_000 },
})

export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>
