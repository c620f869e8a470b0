import { mark } from '../../mark.js'
import { type GrowthEvent, type PinnedSettings, REQUEST_VERSION } from '../../operations.js'
import type { Clock, KeeperPeer, Millis } from '../../ports.js'
import { within } from '../../within.js'
import type { PartitionFacts } from '../partition-facts.js'

/** A keeper that does not answer for so long is told again. */
const PATIENCE: Millis = 10_000
/** Between two attempts, at first and at most: nobody waits for it, and each is an alarm. */
const FIRST_BACKOFF: Millis = 1_000
const MOST_BACKOFF: Millis = 300_000
/** A keeper that has refused is told again when another version may be deployed. */
const REFUSED_BACKOFF: Millis = 3_600_000
/** Events of one call. */
const MAX_EVENTS = 500

/** What reporting needs of its partition. */
export interface ReportsPlace {
  readonly facts: PartitionFacts
  readonly clock: Clock
  /** Nobody, where there is no keeper to tell. */
  readonly keeper: KeeperPeer | undefined
  /** The settings that data is written with here, once there is any. */
  pinned(): PinnedSettings | undefined
  /** How the tree has grown from here: all of it. */
  events(): readonly GrowthEvent[]
  /** Whether it is a root, which may be the only one that knows the settings of its database. */
  isRoot(): boolean
}

/**
 * Tells the topology's keeper how the tree has grown from here: at least once. What is stored is how often it has
 * grown, and up to which of these the keeper knows; it is told everything then, because it is little, and because
 * what is told again changes nothing.
 */
export class Reports {
  readonly #place: ReportsPlace
  #grown: number
  #told: number
  #failures = 0
  #notBefore: Millis = 0
  #running = false

  constructor(place: ReportsPlace) {
    this.#place = place
    const { facts } = place
    this.#told = (facts.get('told') ?? 0) as number
    this.#grown = this.#counted()
  }

  /** Whether the keeper is to be told something. */
  get due(): boolean {
    return this.#place.keeper !== undefined && this.#told < this.#grown
  }

  /** When it is to be told next, if it is. */
  get nextAt(): Millis {
    return Math.max(this.#notBefore, this.#place.clock.now() + FIRST_BACKOFF)
  }

  /** The tree has grown. To be called in the section that decides it, and {@link tell} behind it. */
  note(): void {
    this.#place.facts.set('grown', this.#counted() + 1)
  }

  /** Tells the keeper what was noted. Never throws. */
  async tell(): Promise<void> {
    try {
      this.#grown = this.#counted()
    } catch {
      // This instance is not the partition any more: the one that is will tell.
      return
    }
    await this.run()
  }

  /** Goes on telling, if there is anything to tell, and it is time. Never throws. */
  async run(): Promise<void> {
    const { clock, facts } = this.#place
    if (this.#running || !this.due || clock.now() < this.#notBefore) return
    this.#running = true
    try {
      const grown = this.#grown
      const became = await this.#send(this.#place.events())
      if (became === 'kept') {
        facts.set('told', grown)
        this.#told = grown
        this.#failures = 0
        return
      }
      MARK: mark('the keeper is told again how the tree has grown')
      const backoff = Math.min(MOST_BACKOFF, FIRST_BACKOFF * 2 ** this.#failures++)
      this.#notBefore = clock.now() + (became === 'refused' ? REFUSED_BACKOFF : backoff)
    } catch {
      // This instance is not the partition any more: the one that is will tell.
    } finally {
      this.#running = false
    }
  }

  /**
   * How often the tree has grown from here. What grew under a version that did not report counts as once, and so does
   * a root that has data: with what it tells, the keeper knows the settings.
   */
  #counted(): number {
    const { facts, events, isRoot, pinned } = this.#place
    const counted = facts.get('grown')
    if (counted !== undefined) return counted as number
    return (isRoot() && pinned() !== undefined) || events().length > 0 ? 1 : 0
  }

  /** @returns whether the keeper knows all of it by now. */
  async #send(events: readonly GrowthEvent[]): Promise<'kept' | 'refused' | 'unanswered'> {
    const { keeper, clock } = this.#place
    const settings = this.#place.pinned()
    if (keeper === undefined || settings === undefined) return 'unanswered'
    for (let from = 0; from === 0 || from < events.length; from += MAX_EVENTS) {
      const operation = { kind: 'report', events: events.slice(from, from + MAX_EVENTS) } as const
      const request = { version: REQUEST_VERSION, settings, operation }
      const answer = await within(PATIENCE, clock, keeper.call(request)).catch(() => undefined)
      if (answer?.ok !== true) return answer === undefined ? 'unanswered' : 'refused'
    }
    return 'kept'
  }
}
