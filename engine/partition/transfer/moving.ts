import { mark } from '../../mark.js'
import {
  type HandedOver,
  type ItemKey,
  type KeySet,
  type PartitionAdopt,
  type PartitionDescription,
  type PinnedSettings,
  REQUEST_VERSION,
} from '../../operations.js'
import type { Millis } from '../../ports.js'
import type { SplitAt } from '../../settings.js'
import { isNamed, placeOf } from '../../topology/partition-name.js'
import { within } from '../../within.js'
import type { PartitionFacts } from '../partition-facts.js'
import type { PartitionPorts } from '../place.js'
import { NOTHING_GONE, Territory } from '../territory.js'
import { cleanUp } from './clean-up.js'
import { Growth } from './growth.js'
import type { RowPlace } from './moved-rows.js'
import type { Pace } from './pace.js'
import { Reports } from './reports.js'
import { Source } from './source.js'
import { survey } from './survey.js'
import { Target } from './target.js'

/** How soon what is under way is looked at again, if it has come to a stop. */
const LOOK_AFTER: Millis = 2_000
const PATIENCE: Millis = 8_000

/** What moving needs of its partition. */
export interface MovingPlace {
  readonly ports: PartitionPorts
  readonly splitAt: SplitAt
  readonly sustainedFor: Millis
  readonly pace: Pace
  readonly facts: PartitionFacts
  /** The settings that data is written with here, once there is any. */
  pinned(): PinnedSettings | undefined
  /** What goes with a set's keys beside their rows. */
  beside(set: KeySet): Omit<HandedOver, 'rows'>
  /** The territory is another one. */
  movedAway(): void
  /** Takes over what goes with the keys. To be called in the section that stores their rows. */
  take(handedOver: HandedOver): void
  /** It serves what it has got. */
  arrived(handedOver: HandedOver): void
  wakeBy(at: Millis): void
}

/**
 * Keys that come and go: what a partition has got from whoever split, and what it gives away. Either side of a
 * transfer may be the one that sleeps, so both drive it: what is under way goes on by itself, and an alarm, armed
 * before the work, comes back to it.
 */
export class Moving {
  readonly #place: MovingPlace
  readonly #growth: Growth
  #source: Source
  #target: Target
  #territory: Territory
  readonly #reports: Reports
  #mark: number
  #driving = false
  #cleaning = false
  /** Who waits for keys that are on their way. */
  readonly #waiting = new Set<() => void>()

  constructor(place: MovingPlace) {
    this.#place = place
    const { storage, clock, random, peers, name } = place.ports
    this.#source = new Source({
      name,
      storage,
      pace: place.pace,
      keeps: (hashKey) => this.#territory.servesHashKey(hashKey),
      beside: (set) => place.beside(set),
      moved: () => this.#moved(),
      grew: () => this.#reports.note(),
    })
    this.#target = new Target({
      storage,
      clock,
      random,
      peers,
      facts: place.facts,
      pace: place.pace,
      take: (handedOver) => {
        place.take(handedOver)
        // What was promoted above may not have been told yet, and is not known there any more.
        if (this.#source.gone().promoted.size > 0) this.#reports.note()
      },
      serves: (handedOver) => this.#arrived(handedOver),
    })
    this.#territory = this.#readTerritory()
    this.#mark = this.#source.mark
    this.#reports = new Reports({
      facts: place.facts,
      clock,
      keeper: place.ports.keeper,
      pinned: () => place.pinned(),
      events: () => this.#source.outline.events,
      isRoot: () => this.#territory.isRoot,
    })
    this.#growth = new Growth({
      name,
      storage,
      clock,
      random,
      splitAt: place.splitAt,
      sustainedFor: place.sustainedFor,
      pace: place.pace,
      territory: () => this.#territory,
      mayPlan: () => {
        if (
          !isNamed(name) ||
          !this.#territory.serves ||
          this.#source.busy ||
          this.#territory.children.length > 0
        )
          return undefined
        return place.pinned()
      },
      plan: (transfers) => this.#source.plan(transfers),
    })
    if (this.busy) this.#wake()
  }

  get territory(): Territory {
    return this.#territory
  }

  get source(): Source {
    return this.#source
  }

  /** How often keys have moved away, as far as this instance knows. */
  get mark(): number {
    return this.#mark
  }

  get isArriving(): boolean {
    return this.#target.arrival?.serves === false
  }

  get rate(): number {
    return this.#growth.rate(this.#place.ports.clock.now())
  }

  /** Whether something is under way, which the alarm has to look at. */
  get busy(): boolean {
    return this.#moves || this.#reports.due
  }

  get #moves(): boolean {
    return this.#source.busy || this.#target.busy
  }

  /** Becomes a target, or is one already. @returns whether it is this transfer's. */
  adopt(operation: PartitionAdopt): boolean {
    if (!this.#target.adopt(operation)) return false
    this.#territory = this.#readTerritory()
    return true
  }

  /** To be called in the section that changes a row. */
  changed(place: RowPlace): void {
    this.#source.changed(place)
  }

  /** Notes a request that was served here, which may be one too many. */
  note(key: ItemKey, wrote: boolean): void {
    const why = this.#growth.note(key, wrote)
    if (why !== undefined) void this.#grow(why)
  }

  /** What the partition takes: looked at now and then, and with every request when it is nearly full. */
  bytes(): number {
    return this.#growth.bytes()
  }

  /** Waits until keys that are on their way are here, or for so long. */
  async arrives(patience: Millis): Promise<void> {
    MARK: mark('a request waits for keys that are on their way')
    void this.#target.run()
    let wake = () => {}
    const arrived = new Promise<void>((resolve) => {
      wake = resolve
    })
    this.#waiting.add(wake)
    await Promise.race([arrived, this.#place.ports.clock.sleep(patience)])
    this.#waiting.delete(wake)
  }

  /** Goes on with what is under way. Never throws, and is waited for by nobody. */
  drive(): void {
    if (!this.busy) return
    this.#wakeQuietly()
    void this.#target.run()
    void this.#driveSource()
    void this.#reports.run()
  }

  /** The partition as it describes itself. */
  async describe(): Promise<PartitionDescription> {
    const { storage, clock, name } = this.#place.ports
    const { items } = this.#territory.serves
      ? await survey(storage, clock, this.#place.pace.surveyed, (...key) => this.#territory.keeps(...key))
      : { items: 0 }
    const { range, serves, children, promoted } = this.#territory
    return {
      partition: name,
      kind: placeOf(name).kind,
      ...(range === undefined ? undefined : { range }),
      state: serves ? 'serving' : this.isArriving ? 'arriving' : 'unused',
      bytes: storage.bytes(),
      items,
      requestsPerSecond: this.rate,
      children,
      promoted,
      moving: this.#source.members.flatMap(({ target, state }) =>
        state === 'ended' ? [] : [{ target, state }],
      ),
    }
  }

  async #grow(why: 'bytes' | 'requests'): Promise<void> {
    if (await this.#growth.grow(why)) this.drive()
  }

  #moved(): void {
    this.#territory = this.#readTerritory()
    this.#mark = this.#source.mark
    this.#place.movedAway()
  }

  #arrived(handedOver: HandedOver): void {
    // The rows that have come say what has moved on already.
    this.#territory = this.#readTerritory()
    this.#place.arrived(handedOver)
    void this.#reports.tell()
    for (const wake of this.#waiting) wake()
    if (this.#growth.isLarge()) void this.#grow('bytes')
  }

  /** Tells targets, until they know; deletes what they serve. One at a time. */
  async #driveSource(): Promise<void> {
    if (this.#driving) return
    this.#driving = true
    try {
      await Promise.all(
        this.#source.members
          .filter(({ state }) => state === 'planned' || state === 'copying' || state === 'moved')
          .map((member) => this.#tell(member)),
      )
      if (this.#source.waste.length > 0) await this.cleanUp()
    } catch {
      // The alarm comes back to it.
    } finally {
      this.#driving = false
    }
  }

  async #tell({ id, target, set, state }: Source['members'][number]): Promise<void> {
    const { peers, clock, name } = this.#place.ports
    const settings = this.#place.pinned()
    if (settings === undefined) return
    const transfer = { id, source: name, target, set, settings }
    const operation = { kind: 'adopt', transfer } as const
    const request = { version: REQUEST_VERSION, settings, operation }
    const answer = await within(PATIENCE, clock, peers.call(target, request)).catch(() => undefined)
    // Two long hash keys may have one name: the second one stays where it is.
    if (answer?.ok === false && answer.error?.details?.adopted === true && state === 'planned') {
      this.#source.cancel(id)
      this.#growth.rest()
    }
  }

  /** Deletes what others serve. To be called again if it does not come to its end. */
  async cleanUp(): Promise<void> {
    if (this.#cleaning) return
    this.#cleaning = true
    try {
      const waste = this.#source.waste
      if (waste.length > 0) {
        const { storage, clock } = this.#place.ports
        await cleanUp(
          storage,
          clock,
          waste.map(({ set }) => set),
          this.#place.pace.deleted,
        )
        MARK: mark('what has moved away is deleted')
        this.#source.end()
        this.#place.movedAway()
        if (this.#growth.isLarge()) void this.#grow('bytes')
      }
    } finally {
      this.#cleaning = false
    }
  }

  /** The target serves: when all do that were planned together, what is here of it is deleted. */
  settled(): void {
    this.#wakeQuietly()
    void this.#reports.tell()
    if (this.#source.waste.length > 0) void this.cleanUp().catch(() => {})
  }

  #readTerritory(): Territory {
    return new Territory(this.#place.ports.name, this.#target.arrival, this.#source.gone())
  }

  #wake(): void {
    const { clock } = this.#place.ports
    this.#place.wakeBy(this.#moves ? clock.now() + LOOK_AFTER : this.#reports.nextAt)
  }

  #wakeQuietly(): void {
    try {
      this.#wake()
    } catch {
      // Another instance owns the alarm by now.
    }
  }
}

/** The territory of a partition in which nothing was ever written. */
export function emptyTerritory(name: PartitionPorts['name']): Territory {
  return new Territory(name, undefined, NOTHING_GONE)
}
