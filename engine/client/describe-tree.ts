import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import type { PartitionDescription } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { rootName } from '../topology/partition-name.js'
import type { CallOptions, PartitionCalls } from './partition-calls.js'

/**
 * Has every partition of a tree describe itself, level by level: the roots first, each level in order. It is no
 * picture of one moment.
 */
export async function describeTree(
  calls: PartitionCalls,
  { database, roots }: { readonly database: string; readonly roots: number },
  options: CallOptions | undefined,
): Promise<PartitionDescription[]> {
  const described: PartitionDescription[] = []
  const met = new Set<PartitionName>()
  let level = Array.from({ length: roots }, (_, root) => rootName(database, root))
  while (level.length > 0) {
    const descriptions = await mapConcurrently(level, MAX_CALLS, (partition) =>
      calls.at(partition, { kind: 'describe' }, options),
    )
    described.push(...descriptions)
    const below = descriptions.flatMap(({ children, promoted }) => [...children, ...promoted])
    for (const route of below) calls.router.learn(route)
    level = below.map(({ partition }) => partition).filter((name) => !met.has(name) && met.add(name))
  }
  return described
}
