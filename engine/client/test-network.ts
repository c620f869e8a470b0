import type { PartitionAnswer, PartitionRequest } from '../operations.js'
import { Partition } from '../partition/partition.js'
import type { PartitionName, Peers } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { Client } from './client.js'

/** Partitions in one process, and what they are asked. */
export class Network implements Peers {
  readonly #partitions = new Map<PartitionName, Partition>()
  readonly requests: PartitionRequest['operation'][] = []
  readonly answers: unknown[] = []
  readonly #ports = {
    peers: this,
    clock: {
      now: () => Date.now(),
      sleep: (duration: number) => new Promise<void>((resolve) => setTimeout(resolve, duration).unref()),
    },
    random: { fraction: () => 0.5, token: () => ++this.#tokens },
  }
  readonly client = new Client(this.#ports, { database: 'main', settings: DEFAULT_SETTINGS })
  #tokens = 0
  /** Runs before a call is answered. */
  before: (request: PartitionRequest['operation']) => Promise<void> = async () => {}

  async call(name: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.requests.push(request.operation)
    await this.before(request.operation)
    const answer = await this.#partition(name).execute(structuredClone(request))
    if (answer.ok) this.answers.push(answer.result)
    return structuredClone(answer)
  }

  #partition(name: PartitionName): Partition {
    const alarm = { set: () => {}, clear: () => {} }
    const ports = { ...this.#ports, name, alarm, storage: sqliteStorage() }
    const partition = this.#partitions.get(name) ?? new Partition(ports, DEFAULT_SETTINGS)
    this.#partitions.set(name, partition)
    return partition
  }
}
