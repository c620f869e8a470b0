import { ConfigurationError } from '../errors.js'
import type { PartitionAnswer, PartitionRequest, PinnedSettings } from '../operations.js'
import { type Clock, PeerCallError, type Peers, type Random } from '../ports.js'
import { Router } from '../topology/router.js'

/** A Durable Object namespace, as far as it is used here: any version of Cloudflare's types has this. */
export interface PartitionNamespace {
  getByName(name: string): { execute(request: PartitionRequest): Promise<PartitionAnswer> }
}

/** Other names for the bindings. Those left out keep the names that are the keys here. */
export interface BindingNames {
  readonly FOKOS_PARTITION?: string
  readonly FOKOS_TOPOLOGY?: string
  /** Not used yet. */
  readonly FOKOS_TOPOLOGY_CACHE?: string
  /** Not used yet. */
  readonly FOKOS_ANALYTICS?: string
}

export const BINDINGS = [
  'FOKOS_PARTITION',
  'FOKOS_TOPOLOGY',
  'FOKOS_TOPOLOGY_CACHE',
  'FOKOS_ANALYTICS',
] as const satisfies readonly (keyof BindingNames)[]

/**
 * Finds the bindings that must be there.
 *
 * @throws {ConfigurationError} naming the one that is missing, with the lines to write.
 */
export function requireBindings(
  env: object,
  names: BindingNames = {},
): { readonly partitions: PartitionNamespace; readonly name: string } {
  const name = names.FOKOS_PARTITION ?? 'FOKOS_PARTITION'
  const partitions = requireBinding(env, name, 'FokosPartition')
  requireBinding(env, names.FOKOS_TOPOLOGY ?? 'FOKOS_TOPOLOGY', 'FokosTopologyKeeper')
  return { partitions: partitions as PartitionNamespace, name }
}

function requireBinding(env: object, name: string, className: string): unknown {
  const binding = (env as Record<string, unknown> | null | undefined)?.[name]
  if (typeof binding === 'object' && binding !== null) return binding
  throw misconfigured(`the environment has no Durable Object namespace "${name}"`, name, className)
}

function misconfigured(what: string, name: string, className: string): ConfigurationError {
  return new ConfigurationError(
    `${what}. Put this into wrangler.toml, and export ${className} from the Worker's main module:\n\n` +
      `[[durable_objects.bindings]]\nname = "${name}"\nclass_name = "${className}"\n\n` +
      `[[migrations]]\ntag = "fokos-v1"\nnew_sqlite_classes = ["FokosPartition", "FokosTopologyKeeper"]\n`,
    { binding: name },
  )
}

/** Calls partitions over RPC. Each call takes a stub of its own: a stub is dead once its object was reset. */
export function workerPeers({ partitions, name }: ReturnType<typeof requireBindings>): Peers {
  return {
    async call(partition, request) {
      try {
        return await partitions.getByName(partition).execute(request)
      } catch (error) {
        throw peerCallError(error, name)
      }
    },
  }
}

/**
 * What Cloudflare marks on an error that a stub throws: `overloaded` when the object had too much to do and
 * never saw the request. `retryable` says that the request may not have arrived, which proves nothing.
 */
function peerCallError(error: unknown, binding: string): Error {
  const { overloaded = false } = error as { overloaded?: boolean }
  const message = error instanceof Error ? error.message : String(error)
  // What no other sending would change: the class behind the binding is not ours, or has no SQLite.
  if (/does not implement|is not a function|SQL is not enabled/.test(message)) {
    return misconfigured(`the partitions do not work (${message})`, binding, 'FokosPartition')
  }
  return new PeerCallError(message, { undelivered: overloaded, overloaded }, { cause: error })
}

/** Databases of one namespace whose routers are kept; those that nobody has asked for lately go first. */
const MAX_ROUTERS = 100

const routers = new WeakMap<PartitionNamespace, Map<string, Router>>()

/**
 * What this isolate has learned of a database's tree. A Worker may make a dialect for every request: the router
 * outlives them, as long as the platform gives out the same namespace object. It is a cache: without it, requests
 * take more hops, and their answers are the same.
 *
 * @param database a name that was checked.
 */
export function routerFor(
  partitions: PartitionNamespace,
  database: string,
  { roots, fanout }: PinnedSettings,
): Router {
  const ofNamespace = routers.get(partitions) ?? new Map<string, Router>()
  routers.set(partitions, ofNamespace)
  const name = `${roots} ${fanout} ${database}`
  const router = ofNamespace.get(name) ?? new Router(database, { roots, fanout })
  ofNamespace.delete(name)
  ofNamespace.set(name, router)
  const [oldest] = ofNamespace.keys()
  if (ofNamespace.size > MAX_ROUTERS && oldest !== undefined) ofNamespace.delete(oldest)
  return router
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
