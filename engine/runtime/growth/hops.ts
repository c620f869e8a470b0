import { mapConcurrently } from '../../concurrently.js'
import type { ItemKey } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { itemKey, type StoreKey } from '../../store-key.js'
import type { MeasuredDatabase } from './database.js'
import { newClient } from './open-database.js'

/** How many requests a client had passed on. */
export interface HopsReport {
  readonly owners: number
  /** How often the first request to each owner was passed on: how many of them so often, from 0. */
  readonly first: readonly number[]
  /** The same of one request for each key, after that. */
  readonly later: readonly number[]
}

/**
 * Makes a client that knows nothing send one request to each partition, and then one for each of many keys.
 *
 * @param keys at least one of each partition.
 */
export async function countHops(
  env: object,
  database: MeasuredDatabase,
  keys: readonly StoreKey[],
): Promise<HopsReport> {
  const all = keys.map(itemKey)
  const oneOfEach = new Map<PartitionName, ItemKey>()
  const guide = newClient(env, database)
  await mapConcurrently(all, 16, async (key) => {
    const { partition } = await guide.locate(key)
    if (!oneOfEach.has(partition)) oneOfEach.set(partition, key)
  })
  const client = newClient(env, database)
  const first: number[] = []
  for (const key of oneOfEach.values()) count(first, (await client.locate(key)).hops)
  const later: number[] = []
  for (const key of all) count(later, (await client.locate(key)).hops)
  return { owners: oneOfEach.size, first, later }
}

function count(counts: number[], hops: number): void {
  for (let i = counts.length; i <= hops; i++) counts.push(0)
  counts[hops] = (counts[hops] as number) + 1
}
