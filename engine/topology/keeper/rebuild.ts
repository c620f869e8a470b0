import { mapConcurrently } from '../../concurrently.js'
import { InvalidRequestError } from '../../errors.js'
import { mark } from '../../mark.js'
import { type PinnedSettings, REQUEST_VERSION } from '../../operations.js'
import type { Clock, Millis, PartitionName, Peers, Storage } from '../../ports.js'
import { within } from '../../within.js'
import { isAbove, rootName } from '../partition-name.js'
import { Frontier } from './frontier.js'
import type { KeeperFacts } from './keeper-facts.js'
import type { KeptTopology } from './kept-topology.js'
import { type KeptEvent, readEvent } from './read-event.js'
import { readName } from './read-name.js'
import { Waits } from './waits.js'

/** Asked in one alarm, of the 1,000 calls that an invocation may make, and how many of them at once. */
const MAX_ASKED = 500
const AT_ONCE = 20
/** How long one alarm goes on to ask: what has changed meanwhile waits for it to be published. */
const MAX_DURATION: Millis = 1_000
/** An outline is read from memory. */
const PATIENCE: Millis = 8_000

/** What a rebuild needs of its keeper. */
export interface RebuildPlace {
  readonly database: string
  readonly settings: PinnedSettings
  readonly storage: Storage
  readonly clock: Clock
  readonly peers: Peers
  readonly facts: KeeperFacts
  readonly topology: KeptTopology
}

interface OutlineRead {
  readonly events: readonly KeptEvent[]
  readonly below: readonly PartitionName[]
}

/**
 * Asks all partitions, from the roots on, how the tree has grown, and forgets what none of them tells. Takes as many
 * alarms as it takes, over any number of instances; whoever does not answer is asked until it does. Until the end,
 * what was known before counts too.
 *
 * Partitions that have answered are not remembered. One that is named by two partitions, because what was promoted
 * below one has moved to the other, may be asked twice, which tells nothing new. It comes to its end, because only
 * those below a partition count of those that it names.
 */
export class Rebuild {
  readonly #place: RebuildPlace
  readonly #frontier: Frontier
  readonly #waits: Waits
  #running: boolean

  constructor(place: RebuildPlace) {
    this.#place = place
    this.#frontier = new Frontier(place.storage)
    this.#waits = new Waits(place.clock, 0)
    this.#running = place.facts.get('rebuilding') === 1
  }

  get isRunning(): boolean {
    return this.#running
  }

  /** When there is somebody to ask, if there is; at once, if that is not later than now. */
  get next(): Millis | undefined {
    if (!this.#running) return undefined
    // Where nobody is left to ask, the end is left.
    return this.#waits.earliest(this.#frontier.all()) ?? this.#place.clock.now()
  }

  /** Begins, or goes on if it has begun: what has happened since is told by whom it has happened to. */
  begin(): void {
    if (this.#running) return
    const { database, settings, storage, facts, topology } = this.#place
    const generation = topology.generation + 1
    storage.atomic(() => {
      facts.set('generation', generation)
      facts.set('rebuilding', 1)
      for (let root = 0; root < settings.roots; root++) this.#frontier.add(rootName(database, root))
    })
    topology.beginGeneration(generation)
    this.#running = true
  }

  /** Asks some of those that are still to be asked. Only storage makes it fail. */
  async step(): Promise<void> {
    const { clock } = this.#place
    const until = clock.now() + MAX_DURATION
    for (let asked = 0; this.#running && asked < MAX_ASKED && clock.now() <= until; ) {
      if (this.#frontier.isEmpty) {
        this.#end()
        return
      }
      const some = this.#choose()
      if (some.length === 0) return
      asked += some.length
      await mapConcurrently(some, AT_ONCE, (partition) => this.#ask(partition))
    }
  }

  #choose(): PartitionName[] {
    const some: PartitionName[] = []
    for (const partition of this.#waits.due(this.#frontier.all(), (partition) => partition)) {
      some.push(partition)
      if (some.length === AT_ONCE) break
    }
    return some
  }

  async #ask(partition: PartitionName): Promise<void> {
    const outline = await this.#outlineOf(partition).catch(() => undefined)
    if (outline === undefined) {
      MARK: mark('a partition does not tell how the tree has grown')
      this.#waits.failed(partition)
      return
    }
    const { topology } = this.#place
    topology.keep(topology.news(outline.events), () => {
      this.#frontier.remove(partition)
      for (const below of outline.below) this.#frontier.add(below)
    })
    this.#waits.succeeded(partition)
  }

  /** @throws {Error} when there is no answer, or one that cannot be right. */
  async #outlineOf(partition: PartitionName): Promise<OutlineRead> {
    const { database, settings, clock, peers } = this.#place
    const request = { version: REQUEST_VERSION, settings, operation: { kind: 'outline' } } as const
    const answer = await within(PATIENCE, clock, peers.call(partition, request))
    if (!answer.ok || !('events' in answer.result)) {
      throw new InvalidRequestError(`${partition} does not answer how the tree has grown from it`)
    }
    const { events, below } = answer.result
    for (const name of below) {
      readName(name, database, settings)
      if (!isAbove(partition, name)) throw new InvalidRequestError(`${name} is not below ${partition}`)
    }
    return { events: events.map((event) => readEvent(event, database, settings)), below }
  }

  #end(): void {
    const { facts, topology } = this.#place
    MARK: mark('the topology is built anew')
    topology.endGeneration(() => facts.set('rebuilding', 0))
    this.#running = false
  }
}
