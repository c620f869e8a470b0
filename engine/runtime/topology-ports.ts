import type { PartitionPorts } from '../partition/partition.js'
import type { PartitionName, Peers, TopologyCache } from '../ports.js'
import { placeOf } from '../topology/partition-name.js'
import {
  type BindingNames,
  cacheIn,
  type KeeperNamespace,
  misconfigured,
  type PartitionNamespace,
} from './bindings.js'
import { sharedSnapshots } from './known-tree.js'
import { workerKeeper, workerPeers } from './worker-ports.js'
import { workersKv } from './workers-kv.js'

/** A Durable Object's identity, as far as it is used here. */
interface ObjectId {
  readonly name?: string | undefined
  readonly jurisdiction?: string | undefined
}

/**
 * What a partition reaches of its tree's topology: its keeper, and where that publishes. A Worker that has no binding
 * for one of them goes without it: requests take more hops then.
 */
export function topologyPorts(
  env: object,
  self: ObjectId,
  names: Required<BindingNames>,
): Pick<PartitionPorts, 'keeper' | 'topology'> {
  const keepers = namespaceIn<KeeperNamespace>(env, names.FOKOS_TOPOLOGY, self)
  const cache = cacheIn(env, names)
  const database = decodeURIComponent(placeOf((self.name ?? '') as PartitionName).database)
  return {
    keeper: keepers && workerKeeper({ keepers, names }, database),
    topology: cache && {
      cache: workersKv(cache),
      snapshotsOf: (database, shape) => sharedSnapshots(cache, database, shape),
    },
  }
}

/** What a keeper reaches: the partitions of its database, and where it publishes. Its name is the database's. */
export function keeperPorts(
  env: object,
  self: ObjectId,
  names: Required<BindingNames>,
): { readonly database: string; readonly peers: Peers; readonly cache: TopologyCache | undefined } {
  const partitions = namespaceIn<PartitionNamespace>(env, names.FOKOS_PARTITION, self)
  const cache = cacheIn(env, names)
  return {
    database: self.name ?? '',
    peers: partitions === undefined ? nobody(names) : workerPeers({ partitions, names }),
    cache: cache && workersKv(cache),
  }
}

function nobody({ FOKOS_PARTITION: name }: Required<BindingNames>): Peers {
  return {
    async call() {
      const what = `the Worker that exports FokosTopologyKeeper has no Durable Object namespace "${name}"`
      throw misconfigured(what, name, 'FokosPartition')
    },
  }
}

/** A namespace of the environment: the part of it whose objects stay in the same jurisdiction as this one. */
function namespaceIn<N>(env: object, name: string, { jurisdiction }: ObjectId): N | undefined {
  const binding = (env as Record<string, N & { jurisdiction(jurisdiction: string): N }>)[name]
  if (binding === undefined || jurisdiction === undefined) return binding
  return binding.jurisdiction(jurisdiction)
}
