import { ConfigurationError } from '../errors.js'
import type { KeeperAnswer, KeeperRequest, PartitionAnswer, PartitionRequest } from '../operations.js'
import type { KvNamespace } from './workers-kv.js'

/** A Durable Object namespace, as far as it is used here: any version of Cloudflare's types has this. */
export interface PartitionNamespace {
  getByName(name: string): { execute(request: PartitionRequest): Promise<PartitionAnswer> }
}

/** The namespace of the keepers of topologies, as far as it is used here. */
export interface KeeperNamespace {
  getByName(name: string): { execute(request: KeeperRequest): Promise<KeeperAnswer> }
}

/** Other names for the bindings. Those left out keep the names that are the keys here. */
export interface BindingNames {
  readonly FOKOS_PARTITION?: string
  readonly FOKOS_TOPOLOGY?: string
  /** A Workers KV namespace, for the published topology. There need be none. */
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

/** What an environment has for this package. */
export interface Bindings {
  readonly partitions: PartitionNamespace
  readonly keepers: KeeperNamespace
  readonly cache: KvNamespace | undefined
  /** What the bindings are called. */
  readonly names: Required<BindingNames>
}

/**
 * Finds the bindings: those that must be there, and those that may.
 *
 * @throws {ConfigurationError} naming the one that is missing, or is something else, with the lines to write.
 */
export function requireBindings(env: object, renamed: BindingNames = {}): Bindings {
  const names = bindingNames(renamed)
  const partitions = requireBinding(env, names.FOKOS_PARTITION, 'FokosPartition') as PartitionNamespace
  const keepers = requireBinding(env, names.FOKOS_TOPOLOGY, 'FokosTopologyKeeper') as KeeperNamespace
  return { partitions, keepers, cache: cacheIn(env, names), names }
}

/** What the bindings are called. */
export function bindingNames(renamed: BindingNames): Required<BindingNames> {
  const usual = Object.fromEntries(BINDINGS.map((name) => [name, name])) as Required<BindingNames>
  return { ...usual, ...renamed }
}

/**
 * The Workers KV namespace for the published topology, if there is one.
 *
 * @throws {ConfigurationError} when what has its name is something else.
 */
export function cacheIn(
  env: object,
  { FOKOS_TOPOLOGY_CACHE: name }: Required<BindingNames>,
): KvNamespace | undefined {
  const binding = (env as Record<string, unknown> | null | undefined)?.[name]
  if (binding === undefined || binding === null) return undefined
  const { get, put } = binding as Partial<KvNamespace>
  if (typeof get === 'function' && typeof put === 'function') return binding as KvNamespace
  throw new ConfigurationError(
    `the binding "${name}" is no Workers KV namespace. Put this into wrangler.toml, or leave it out:\n\n` +
      `[[kv_namespaces]]\nbinding = "${name}"\nid = "…"\n`,
    { binding: name },
  )
}

function requireBinding(env: object, name: string, className: string): unknown {
  const binding = (env as Record<string, unknown> | null | undefined)?.[name]
  if (typeof binding === 'object' && binding !== null) return binding
  throw misconfigured(`the environment has no Durable Object namespace "${name}"`, name, className)
}

/** An error with the lines to write. */
export function misconfigured(what: string, name: string, className: string): ConfigurationError {
  return new ConfigurationError(
    `${what}. Put this into wrangler.toml, and export ${className} from the Worker's main module:\n\n` +
      `[[durable_objects.bindings]]\nname = "${name}"\nclass_name = "${className}"\n\n` +
      `[[migrations]]\ntag = "fokos-v1"\nnew_sqlite_classes = ["FokosPartition", "FokosTopologyKeeper"]\n`,
    { binding: name },
  )
}
