import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'

export const database = defineDatabase({
  tables: {
    measurements: table<{ device: string; at: Date; celsius: number; note: string }>()({
      hashKey: 'device',
      sortKey: 'at',
    }),
  },
  // Far too small for anything but a look at many partitions.
  splitAt: { bytes: 200_000 },
})

export const { FokosDialect } = database
export type Database = InferDatabase<typeof database>
