import { durableObjects } from '../../engine/runtime/durable-objects.js'
import { defineDatabase, table } from '../index.js'

/*
 * The Durable Objects of the project `growing`: partitions that split as early as they can, so that the random
 * statements meet splits.
 */

const { settings } = defineDatabase({
  tables: { any: table<{ id: string }>()({ hashKey: 'id' }) },
  splitAt: { bytes: 10_000, hashKeyShare: 0.7 },
})

export const { FokosPartition, FokosTopologyKeeper } = durableObjects({ settings })

export default {}
