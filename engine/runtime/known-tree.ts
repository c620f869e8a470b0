import type { PinnedSettings } from '../operations.js'
import { Router } from '../topology/router.js'
import { Snapshots } from '../topology/snapshots.js'
import { TopologyReader } from '../topology/topology-reader.js'
import type { Bindings } from './bindings.js'
import { workerClock } from './worker-ports.js'
import { type KvNamespace, workersKv } from './workers-kv.js'

/** Databases of one namespace of which something is kept; those that nobody has asked for lately go first. */
const MAX_DATABASES = 100

/** What somebody knows of a database's tree. */
export interface KnownTree {
  readonly router: Router
  /** Has the router know what is published, where anything is. */
  readonly topology: TopologyReader | undefined
}

const known = new WeakMap<object, Map<string, KnownTree & { readonly cache: KvNamespace | undefined }>>()

/**
 * What this isolate knows of a database's tree. A Worker may make a dialect for every request: this outlives them,
 * as long as the platform gives out the same namespace object. It is a cache: without it, requests take more hops,
 * and their answers are the same.
 *
 * @param database a name that was checked.
 */
export function knownTree(
  { partitions, cache }: Bindings,
  database: string,
  settings: PinnedSettings,
): KnownTree {
  const { roots, fanout } = settings
  const ofNamespace = known.get(partitions) ?? new Map()
  known.set(partitions, ofNamespace)
  const name = nameOf(database, settings)
  const kept = ofNamespace.get(name)
  if (kept !== undefined && kept.cache === cache) {
    touch(ofNamespace, name, kept)
    return kept
  }
  const router = kept?.router ?? new Router(database, { roots, fanout })
  const topology =
    cache && new TopologyReader({ cache: workersKv(cache), clock: workerClock }, database, router)
  const tree = { router, topology, cache }
  touch(ofNamespace, name, tree)
  return tree
}

const read = new WeakMap<KvNamespace, Map<string, Snapshots>>()

/** What the partitions in this isolate have read of a database's published topology: all of them share it. */
export function sharedSnapshots(cache: KvNamespace, database: string, settings: PinnedSettings): Snapshots {
  const ofNamespace = read.get(cache) ?? new Map()
  read.set(cache, ofNamespace)
  const name = nameOf(database, settings)
  const snapshots = ofNamespace.get(name) ?? new Snapshots(settings)
  touch(ofNamespace, name, snapshots)
  return snapshots
}

function nameOf(database: string, { roots, fanout }: PinnedSettings): string {
  return `${roots} ${fanout} ${database}`
}

/** Makes it the newest. */
function touch<T>(kept: Map<string, T>, name: string, value: T): void {
  kept.delete(name)
  kept.set(name, value)
  const [oldest] = kept.keys()
  if (kept.size > MAX_DATABASES && oldest !== undefined) kept.delete(oldest)
}
