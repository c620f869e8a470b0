import { type Clock, type KeeperPeer, PeerCallError, type Peers, type Random } from '../ports.js'
import { type BindingNames, type Bindings, misconfigured, type PartitionNamespace } from './bindings.js'

/** The partitions' namespace, and what its binding is called. */
export interface PartitionBinding {
  readonly partitions: PartitionNamespace
  readonly names: Pick<Required<BindingNames>, 'FOKOS_PARTITION'>
}

/** Calls partitions over RPC. Each call takes a stub of its own: a stub is dead once its object was reset. */
export function workerPeers({ partitions, names }: PartitionBinding): Peers {
  return {
    async call(partition, request) {
      try {
        return await partitions.getByName(partition).execute(request)
      } catch (error) {
        throw peerCallError(error, names.FOKOS_PARTITION, 'FokosPartition')
      }
    },
  }
}

/** Calls the keeper of a database's topology over RPC. */
export function workerKeeper(
  { keepers, names }: Pick<Bindings, 'keepers' | 'names'>,
  database: string,
): KeeperPeer {
  return {
    async call(request) {
      try {
        return await keepers.getByName(database).execute(request)
      } catch (error) {
        throw peerCallError(error, names.FOKOS_TOPOLOGY, 'FokosTopologyKeeper')
      }
    },
  }
}

/**
 * What Cloudflare marks on an error that a stub throws: `overloaded` when the object had too much to do and
 * never saw the request. `retryable` says that the request may not have arrived, which proves nothing.
 */
function peerCallError(error: unknown, binding: string, className: string): Error {
  const { overloaded = false } = error as { overloaded?: boolean }
  const message = error instanceof Error ? error.message : String(error)
  // What no other sending would change: the class behind the binding is not ours, or has no SQLite.
  if (/does not implement|is not a function|SQL is not enabled/.test(message)) {
    return misconfigured(`the objects of ${className} do not work (${message})`, binding, className)
  }
  return new PeerCallError(message, { undelivered: overloaded, overloaded }, { cause: error })
}

export const workerClock: Clock = {
  now: () => Date.now(),
  sleep: (duration) => new Promise((resolve) => setTimeout(resolve, duration)),
}

export const workerRandom: Random = {
  fraction: () => Math.random(),
  token() {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number]
    return (high & 0x1fffff) * 0x100000000 + low
  },
}
