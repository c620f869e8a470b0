import { mark } from '../../mark.js'
import type { Clock, Millis, Storage, TopologyCache } from '../../ports.js'
import { within } from '../../within.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from '../snapshot-keys.js'
import type { DirtySnapshot, DirtySnapshots, Snapshot } from './dirty-snapshots.js'
import type { KeeperFacts } from './keeper-facts.js'
import type { KeptTopology } from './kept-topology.js'
import { Waits } from './waits.js'

/** Workers KV takes one write a second for each key. */
const REST: Millis = 1_000
/** Workers KV answers within a second or so, or not at all. */
const PATIENCE: Millis = 10_000
/** Puts under way at once: a Durable Object has six connections. */
const AT_ONCE = 5
/** Puts of one alarm, of the 1,000 that an invocation may make, and how long one goes on to begin them. */
const MAX_PUTS = 500
const MAX_DURATION: Millis = 20_000

/** What publication needs of its keeper. */
export interface PublicationPlace {
  /** As it is given, and not as partitions' names hold it. */
  readonly database: string
  readonly storage: Storage
  readonly clock: Clock
  readonly cache: TopologyCache | undefined
  readonly facts: KeeperFacts
  readonly dirty: DirtySnapshots
  readonly topology: KeptTopology
  /** Something is dirty that was not. */
  changed(): void
}

/**
 * Puts what has changed where all Workers read it. Changes of one second go together; what fails is put again, with
 * whatever it is by then.
 */
export class Publication {
  readonly #place: PublicationPlace
  readonly #waits: Waits
  readonly #underWay = new Set<string>()
  #version: number

  constructor(place: PublicationPlace) {
    const { clock, facts } = place
    this.#place = place
    this.#version = (facts.get('version') ?? 0) as number
    // Versions are times, unless the clock has gone back: this is when an earlier instance may have put something.
    this.#waits = new Waits(clock, REST, Math.min(this.#version, clock.now()) + REST)
  }

  /** Whether all is published. Nothing, where there is nowhere to publish to. */
  get isDone(): boolean | undefined {
    return this.#place.cache === undefined ? undefined : this.#place.dirty.isEmpty
  }

  /** When there is something to publish, if there is; at once, if that is not later than now. */
  get next(): Millis | undefined {
    return this.#place.cache && this.#waits.earliest(this.#dirtyKeys())
  }

  /** Publishes what may be published now. Only storage makes it fail. */
  async publish(): Promise<void> {
    const { cache, clock } = this.#place
    if (cache === undefined) return
    const until = clock.now() + MAX_DURATION
    let left = MAX_PUTS
    const putSome = async () => {
      while (left-- > 0 && clock.now() <= until) {
        const snapshot = this.#choose()
        if (snapshot === undefined) return
        await this.#publish(snapshot, cache)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, putSome))
  }

  #choose(): DirtySnapshot | undefined {
    const all = this.#place.dirty.all()
    for (const snapshot of this.#waits.due(all, (snapshot) => this.#keyOf(snapshot))) {
      if (!this.#underWay.has(this.#keyOf(snapshot))) return snapshot
    }
    return undefined
  }

  async #publish(snapshot: DirtySnapshot, cache: TopologyCache): Promise<void> {
    const key = this.#keyOf(snapshot)
    this.#underWay.add(key)
    try {
      if (await this.#put(key, snapshot, cache)) {
        // What has changed meanwhile stays dirty.
        this.#place.dirty.clean(snapshot)
        this.#waits.succeeded(key)
      } else {
        MARK: mark('a publication fails')
        this.#waits.failed(key)
      }
    } finally {
      this.#underWay.delete(key)
    }
  }

  /** @returns whether it is there, as far as is known. */
  async #put(key: string, snapshot: Snapshot, cache: TopologyCache): Promise<boolean> {
    const version = this.#nextVersion()
    let isLate = false
    try {
      const put = cache.put(key, this.#place.topology.encode(snapshot, version))
      put.then(
        () => isLate && this.#landedLate(snapshot),
        () => {},
      )
      await within(PATIENCE, this.#place.clock, put)
      return true
    } catch {
      isLate = true
      return false
    }
  }

  /**
   * Rises whatever the clock does, and is stored before anything is put: an instance that was replaced fails here,
   * before it publishes what it does not know to be old.
   */
  #nextVersion(): number {
    const { clock, facts } = this.#place
    const version = Math.max(this.#version + 1, clock.now())
    facts.set('version', version)
    this.#version = version
    return version
  }

  /** Nobody waited for it any more, and it may have replaced what was put since. */
  #landedLate(snapshot: Snapshot): void {
    try {
      this.#place.dirty.mark(snapshot)
      this.#place.changed()
    } catch {
      // Another instance is the keeper by now.
    }
  }

  *#dirtyKeys(): Generator<string> {
    for (const snapshot of this.#place.dirty.all()) yield this.#keyOf(snapshot)
  }

  #keyOf(snapshot: Snapshot): string {
    const { database } = this.#place
    switch (snapshot.kind) {
      case 'forest':
        return forestSnapshotKey(database)
      case 'promoted':
        return promotedSnapshotKey(database)
      case 'range':
        return rangeSnapshotKey(database, snapshot.hashKey)
    }
  }
}
