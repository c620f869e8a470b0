import { DurableObject } from 'cloudflare:workers'
import type { PartitionAnswer, PartitionRequest } from '../operations.js'
import { Partition, ReplacedInstanceError } from '../partition/partition.js'
import type { PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS, type EngineSettings } from '../settings.js'
import { durableObjectAlarm } from './durable-object-alarm.js'
import { durableObjectStorage } from './durable-object-storage.js'
import { partitionPeers } from './partition-peers.js'
import { workerClock, workerRandom } from './worker-ports.js'

/** What {@link durableObjects} needs of a declaration: `defineDatabase` makes one. */
export interface DeclaredSettings {
  readonly settings: EngineSettings
}

/** A class to export from a Worker and to bind in wrangler's configuration. */
// biome-ignore lint/suspicious/noExplicitAny: which version of Cloudflare's types a project has is its choice
export type DurableObjectClass = new (state: any, env: any) => DurableObject

/** The classes that a Worker exports for the bindings `FOKOS_PARTITION` and `FOKOS_TOPOLOGY`. */
export interface FokosDurableObjects {
  readonly FokosPartition: DurableObjectClass
  readonly FokosTopologyKeeper: DurableObjectClass
}

/**
 * The Durable Object classes of a database.
 *
 * @example
 * export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)
 */
export function durableObjects(database: DeclaredSettings): FokosDurableObjects {
  class FokosPartition extends DurableObject {
    readonly #partition: Partition

    constructor(state: DurableObjectState, env: unknown) {
      super(state, env as never)
      // Throws here, where callers hear of it, when the class was not deployed with SQLite.
      void state.storage.sql
      this.#partition = new Partition(
        {
          name: state.id.name as PartitionName,
          storage: durableObjectStorage(state.storage),
          clock: workerClock,
          random: workerRandom,
          alarm: durableObjectAlarm(state.storage),
          peers: partitionPeers(env as object, state.id),
        },
        database.settings,
      )
    }

    /** The one method that clients call. */
    async execute(request: PartitionRequest): Promise<PartitionAnswer> {
      try {
        return await this.#partition.execute(request)
      } catch (error) {
        // What it has in memory is wrong: an instance that starts anew reads what is stored.
        if (error instanceof ReplacedInstanceError) this.ctx.abort(error.message)
        throw error
      }
    }

    override alarm(): Promise<void> {
      return this.#partition.alarm()
    }
  }

  /**
   * Holds nothing: who asks partitions learns the tree from their answers. The class is here so that the binding,
   * which deployments hold on to, is the same from the start.
   */
  class FokosTopologyKeeper extends DurableObject {}

  return { FokosPartition, FokosTopologyKeeper }
}

const ready = durableObjects({ settings: DEFAULT_SETTINGS })

/** Ready-made, for databases without a declaration: the class behind the binding `FOKOS_PARTITION`. */
export const FokosPartition: DurableObjectClass = ready.FokosPartition

/** Ready-made, for databases without a declaration: the class behind the binding `FOKOS_TOPOLOGY`. */
export const FokosTopologyKeeper: DurableObjectClass = ready.FokosTopologyKeeper
