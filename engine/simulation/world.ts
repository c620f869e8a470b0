import type { Clock, Millis, PartitionName, TopologyCache } from '../ports.js'
import { DurableRows } from './durable-rows.js'
import { FAULT_PROFILES, type FaultProfile } from './faults.js'
import { Host, type StartActor } from './host.js'
import { peersOver } from './network.js'
import { Scheduler } from './scheduler.js'
import { SeededRandom } from './seeded-random.js'
import { SimulatedCache } from './simulated-cache.js'
import { Trace } from './trace.js'

export interface WorldOptions {
  readonly seed: number
  readonly profile: FaultProfile
  /** What runs at every place. */
  readonly start: StartActor
  /** How many events the world may take to come to rest; see {@link Scheduler.run}. */
  readonly most?: number
}

/** A Worker somewhere: it has a clock of its own, and reaches partitions over the network. */
export interface SimulatedWorker {
  readonly name: string
  readonly random: SeededRandom
  readonly clock: Clock
}

/**
 * Partitions, Workers, the network between them, and time: all of it in one process, and all of it driven by
 * one seed. Two worlds with the same options do the same, to the byte.
 */
export class World {
  readonly scheduler: Scheduler
  /** The latest time that any clock has shown. */
  latestClock: Millis = Number.NEGATIVE_INFINITY
  /** Rows that partitions answered though they had ended by their clock. */
  readonly endedAnswers: string[] = []
  readonly trace = new Trace()
  readonly durable = new DurableRows()
  readonly start: StartActor
  /** Where the topology is published. */
  readonly cache: SimulatedCache = new SimulatedCache(this)
  readonly #random: SeededRandom
  readonly #hosts = new Map<PartitionName, Host>()
  #profile: FaultProfile

  constructor({ seed, profile, start, most }: WorldOptions) {
    this.scheduler = new Scheduler(most)
    this.#random = new SeededRandom(seed)
    this.#profile = profile
    this.start = start
  }

  get profile(): FaultProfile {
    return this.#profile
  }

  /** The partitions that anybody has called, by name. */
  get hosts(): ReadonlyMap<PartitionName, Host> {
    return this.#hosts
  }

  host(name: PartitionName): Host {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const host = new Host(name, this, this.#random.fork(name))
    host.disk.onFlush = this.durable.watch(host.disk.database)
    this.#hosts.set(name, host)
    return host
  }

  worker(name: string): SimulatedWorker {
    const random = this.#random.fork(name)
    const { skew } = this.#profile
    let offset: Millis = random.between(-skew, skew)
    const { scheduler } = this
    return {
      name,
      random,
      clock: {
        now: () => {
          // Now and then a request goes on, or begins, on a machine whose clock is another one.
          if (random.chance(skew > 0 ? 0.01 : 0)) offset = random.between(-skew, skew)
          return this.showClock(Math.floor(scheduler.now + offset))
        },
        sleep: (duration) => new Promise((resolve) => scheduler.after(duration, resolve)),
      },
    }
  }

  /** The port through which a Worker's operation reaches partitions. */
  peersOf(worker: SimulatedWorker, operation: number) {
    return peersOver(this, {
      name: worker.name,
      operation,
      random: worker.random.fork(operation),
    })
  }

  /** @internal Of a host: what its actor sends waits for what it wrote. */
  peersFor(name: string, random: SeededRandom, leave: (send: () => void) => void) {
    return peersOver(this, { name, random, leave })
  }

  /** The topology's cache, as a Worker's operation reaches it. */
  cacheOf(worker: SimulatedWorker, operation: number): TopologyCache {
    return this.cache.reachedBy({ name: worker.name, random: worker.random.fork(`cache ${operation}`) })
  }

  /** @internal Of a host: what its actor publishes waits for what it wrote. */
  cacheFor(name: string, random: SeededRandom, leave: (send: () => void) => void): TopologyCache {
    return this.cache.reachedBy({ name, random: random.fork('cache'), leave })
  }

  note(place: string, text: string, facts: { fault?: boolean; operation?: number | undefined } = {}): void {
    this.trace.add({
      at: this.scheduler.now,
      place,
      text,
      fault: facts.fault === true,
      operation: facts.operation,
    })
  }

  /** @internal A clock shows this time. */
  showClock(time: Millis): Millis {
    this.latestClock = Math.max(this.latestClock, time)
    return time
  }

  /** From now on nothing goes wrong. */
  heal(): void {
    this.#profile = FAULT_PROFILES.none
    this.cache.heal()
    for (const host of this.#hosts.values()) host.heal()
  }

  /** Gives back what the databases take. */
  close(): void {
    for (const host of this.#hosts.values()) host.disk.close()
  }
}
