import { DurableObject } from 'cloudflare:workers'
import type { KeeperAnswer, KeeperRequest, PartitionAnswer, PartitionRequest } from '../operations.js'
import { Partition, ReplacedInstanceError } from '../partition/partition.js'
import type { CheckItem, PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS, type EngineSettings, refuseUnknownOptions } from '../settings.js'
import { Keeper } from '../topology/keeper/keeper.js'
import { BINDINGS, type BindingNames, bindingNames } from './bindings.js'
import { durableObjectAlarm } from './durable-object-alarm.js'
import { durableObjectStorage } from './durable-object-storage.js'
import { partitionPeers } from './partition-peers.js'
import { keeperPorts, topologyPorts } from './topology-ports.js'
import { workerClock, workerRandom } from './worker-ports.js'

/** What {@link durableObjects} needs of a declaration: `defineDatabase` makes one. */
export interface DeclaredSettings {
  readonly settings: EngineSettings
  /** What updates and upserts may come to, if tables have validators. */
  readonly checkItem?: CheckItem | undefined
}

export interface DurableObjectsOptions {
  /** Other names for the bindings in this Worker's environment: those that the dialect is given too. */
  readonly bindings?: BindingNames
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
 * @throws {ConfigurationError} for an unknown option.
 * @example
 * export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)
 */
export function durableObjects(
  database: DeclaredSettings,
  options: DurableObjectsOptions = {},
): FokosDurableObjects {
  refuseUnknownOptions('durableObjects', options, ['bindings'])
  refuseUnknownOptions('bindings', options.bindings ?? {}, BINDINGS)
  const names = bindingNames(options.bindings ?? {})

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
          checkItem: database.checkItem,
          ...topologyPorts(env as object, state.id, names),
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

  /** One for each database, whose name it has. */
  class FokosTopologyKeeper extends DurableObject {
    readonly #keeper: Keeper

    constructor(state: DurableObjectState, env: unknown) {
      super(state, env as never)
      void state.storage.sql
      this.#keeper = new Keeper({
        storage: durableObjectStorage(state.storage),
        clock: workerClock,
        alarm: durableObjectAlarm(state.storage),
        ...keeperPorts(env as object, state.id, names),
      })
    }

    /** The one method that partitions and clients call. */
    execute(request: KeeperRequest): Promise<KeeperAnswer> {
      return this.#keeper.execute(request)
    }

    override alarm(): Promise<void> {
      return this.#keeper.alarm()
    }
  }

  return { FokosPartition, FokosTopologyKeeper }
}

const ready = durableObjects({ settings: DEFAULT_SETTINGS })

/** Ready-made, for databases without a declaration: the class behind the binding `FOKOS_PARTITION`. */
export const FokosPartition: DurableObjectClass = ready.FokosPartition

/** Ready-made, for databases without a declaration: the class behind the binding `FOKOS_TOPOLOGY`. */
export const FokosTopologyKeeper: DurableObjectClass = ready.FokosTopologyKeeper
