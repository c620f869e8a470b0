import { ConfigurationError } from '../errors.js'
import type { Peers } from '../ports.js'
import type { PartitionNamespace } from './bindings.js'
import { workerPeers } from './worker-ports.js'

/** A Durable Object's identity, as far as it is used here. */
interface ObjectId {
  readonly name?: string | undefined
  readonly jurisdiction?: string | undefined
  equals(other: ObjectId): boolean
}

/** A Durable Object namespace, as far as it is used here. */
interface Namespace extends PartitionNamespace {
  idFromName(name: string): ObjectId
  /** The part of it whose objects stay in a jurisdiction. */
  jurisdiction(jurisdiction: string): Namespace
}

/**
 * Calls from one partition to others of its namespace. Whatever its binding is called in the environment of the
 * partition's own Worker, it is the one in which the partition's name is the partition.
 */
export function partitionPeers(env: object, self: ObjectId): Peers {
  let peers: Peers | undefined
  return {
    call(partition, request) {
      peers ??= workerPeers(findNamespace(env, self))
      return peers.call(partition, request)
    },
  }
}

function findNamespace(env: object, self: ObjectId) {
  for (const [name, binding] of Object.entries(env)) {
    if (self.name === undefined || !isNamespace(binding)) continue
    const partitions = self.jurisdiction === undefined ? binding : binding.jurisdiction(self.jurisdiction)
    if (partitions.idFromName(self.name).equals(self)) return { partitions, names: { FOKOS_PARTITION: name } }
  }
  throw new ConfigurationError(
    'the Worker that exports FokosPartition has no binding of its namespace, by which partitions call each other: ' +
      'put its [[durable_objects.bindings]] into the wrangler.toml of that Worker too',
  )
}

/** A service binding has a method of every name, and calling one would call the service. */
function isNamespace(binding: unknown): binding is Namespace {
  return Object.prototype.toString.call(binding) === '[object DurableObjectNamespace]'
}
