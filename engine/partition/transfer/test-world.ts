import { DatabaseSync } from 'node:sqlite'
import type {
  KeySet,
  PartitionAnswer,
  PartitionOperation,
  PartitionRequest,
  PartitionResults,
} from '../../operations.js'
import { REQUEST_VERSION } from '../../operations.js'
import {
  type KeeperPeer,
  type Millis,
  type PartitionName,
  PeerCallError,
  type TopologyCache,
} from '../../ports.js'
import { DEFAULT_SETTINGS } from '../../settings.js'
import { sqliteStorage } from '../../simulation/sqlite-storage.js'
import { Snapshots } from '../../topology/snapshots.js'
import { Partition, type PartitionSettings } from '../partition.js'
import { encodeKeySet } from './transfer-store.js'

export const SETTINGS = { roots: 1, fanout: 2 }

/** What is on its way between two partitions, or from the test itself. */
export interface Message {
  readonly from: PartitionName | 'test'
  readonly to: PartitionName
  readonly kind: PartitionOperation['kind']
}

export type Fate = 'arrives' | 'lost'

type Answer<O extends PartitionOperation> = PartitionAnswer & { result?: PartitionResults[O['kind']] }

interface Host {
  readonly database: DatabaseSync
  partition: Partition
  /** When the alarm rings, by the world's time. */
  alarm: Millis | undefined
}

/** Partitions whose messages, crashes, splits and time a test has in its hands: nothing happens by itself. */
export class TestWorld {
  now: Millis = 1_700_000_000_000
  settings: PartitionSettings = DEFAULT_SETTINGS
  /** What becomes of a request; it may be late. */
  requests: (message: Message) => Fate | Promise<Fate> = () => 'arrives'
  /** What becomes of the answer to it. */
  answers: (message: Message) => Fate | Promise<Fate> = () => 'arrives'
  /** Which instance a request comes to. */
  taker: (message: Message) => Partition = ({ to }) => this.host(to).partition
  /** Who is told how the tree grows, if anybody is. */
  keeper: KeeperPeer | undefined
  /** Where the topology is published, if it is anywhere. */
  cache: TopologyCache | undefined
  /** By how much a partition's clock is ahead. */
  readonly ahead = new Map<PartitionName, Millis>()
  readonly #hosts = new Map<PartitionName, Host>()
  #timers: { readonly at: Millis; readonly wake: () => void }[] = []
  #tokens = 1_000

  token(): number {
    return ++this.#tokens
  }

  host(name: PartitionName): Host {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const database = new DatabaseSync(':memory:')
    const host: Host = { database, alarm: undefined, partition: undefined as unknown as Partition }
    this.#hosts.set(name, host)
    host.partition = this.#instance(name, host)
    return host
  }

  /** A new instance begins with what is stored. The old one is not told, and never wakes up. */
  restart(name: PartitionName): void {
    const host = this.host(name)
    host.partition = this.#instance(name, host)
  }

  /** What a partition's tables say. */
  rows(name: PartitionName, sql: string): unknown[] {
    return this.host(name)
      .database.prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  }

  /** Has a new instance of a partition begin to hand keys over. */
  divide(source: PartitionName, sets: readonly { readonly target: PartitionName; readonly set: KeySet }[]) {
    const host = this.host(source)
    const plan = host.database.prepare(
      "INSERT INTO transfers (id, place, target, key_set, state) VALUES (?, ?, ?, ?, 'planned')",
    )
    for (const [place, { target, set }] of sets.entries()) {
      plan.run(this.token(), place, target, encodeKeySet(set))
    }
    this.restart(source)
    host.alarm = this.now
  }

  ask<O extends PartitionOperation>(
    to: PartitionName,
    operation: O,
    more: Partial<PartitionRequest> = {},
  ): Promise<Answer<O>> {
    const request = { version: REQUEST_VERSION, settings: SETTINGS, operation, follows: true, ...more }
    return this.#call('test', to, request) as Promise<Answer<O>>
  }

  /** Lets time go by. Whatever is to happen in it does. */
  async pass(time: Millis): Promise<void> {
    const until = this.now + time
    for (;;) {
      await settle()
      const hosts = [...this.#hosts.values()]
      const next = Math.min(
        ...this.#timers.map(({ at }) => at),
        ...hosts.map(({ alarm }) => alarm ?? Number.POSITIVE_INFINITY),
      )
      if (next > until) break
      this.now = Math.max(this.now, next)
      for (const host of hosts) {
        if (host.alarm === undefined || host.alarm > this.now) continue
        host.alarm = undefined
        void host.partition.alarm()
      }
      const due = this.#timers.filter(({ at }) => at <= this.now)
      this.#timers = this.#timers.filter(({ at }) => at > this.now)
      for (const { wake } of due) {
        wake()
        await settle()
      }
    }
    this.now = until
  }

  sleep(time: Millis): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.push({ at: this.now + time, wake: resolve })
    })
  }

  #instance(name: PartitionName, host: Host): Partition {
    const ahead = this.ahead.get(name) ?? 0
    const instance: Partition = new Partition(
      {
        name,
        storage: sqliteStorage(host.database),
        clock: {
          now: () => this.now + ahead,
          sleep: async (time) => {
            await this.sleep(time)
            if (host.partition !== instance) await new Promise(() => {})
          },
        },
        random: { fraction: () => 0.5, token: () => this.token() },
        alarm: {
          set: (at) => {
            host.alarm = at - ahead
          },
          clear: () => {
            host.alarm = undefined
          },
        },
        peers: { call: (to, request) => this.#call(name, to, request) },
        keeper: this.keeper && {
          call: (request) => (this.keeper as KeeperPeer).call(structuredClone(request)),
        },
        topology: this.cache && { cache: this.cache, snapshotsOf: (_, shape) => new Snapshots(shape) },
      },
      this.settings,
    )
    return instance
  }

  async #call(from: Message['from'], to: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    const message = { from, to, kind: request.operation.kind }
    if ((await this.requests(message)) === 'lost') throw unanswered('the request was lost')
    let answer: PartitionAnswer
    try {
      answer = await this.taker(message).execute(structuredClone(request))
    } catch (error) {
      throw unanswered(String(error))
    }
    if ((await this.answers(message)) === 'lost') throw unanswered('the answer was lost')
    return structuredClone(answer)
  }
}

function unanswered(why: string): PeerCallError {
  return new PeerCallError(why, { undelivered: false, overloaded: false })
}

/** Until nobody can go on without time going by. */
async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve()
}
