import type { Clock, Millis } from '../../ports.js'

/** What has failed waits so long, then twice as long, and no longer than the other. */
const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 60_000
/** When so many have failed in a row, everything waits: whoever is asked seems to be away. */
const MOST_FAILURES = 20
/** From so many on, those that wait for nothing any more are forgotten. */
const MOST_RESTING = 1_000

interface Wait {
  readonly until: Millis
  readonly failures: number
}

/**
 * Whose turn it is, of many things that may be done again and again: what was done a moment ago rests, and what has
 * failed waits, the longer the more often it has. In memory: a new instance tries everything again.
 */
export class Waits {
  readonly #clock: Clock
  readonly #rest: Millis
  readonly #waits = new Map<string, Wait>()
  #everybodyUntil: Millis
  #failuresInARow = 0

  /**
   * @param rest between two turns of one thing.
   * @param everybodyUntil before which nothing has its turn.
   */
  constructor(clock: Clock, rest: Millis, everybodyUntil: Millis = 0) {
    this.#clock = clock
    this.#rest = rest
    this.#everybodyUntil = everybodyUntil
  }

  /**
   * When the first of some things has its turn: at once, if that is not later than now. Nothing, if there are none.
   *
   * @param things are asked for only as long as a later one could come before those that have been.
   */
  earliest(things: Iterable<string>): Millis | undefined {
    const soonest = Math.max(this.#clock.now(), this.#everybody)
    let earliest: Millis | undefined
    for (const thing of things) {
      const at = Math.max(soonest, this.#until(thing))
      if (at === soonest) return at
      if (earliest === undefined || at < earliest) earliest = at
    }
    return earliest
  }

  /** Those of some things that have their turn now, as they are asked for. */
  *due<T>(things: Iterable<T>, nameOf: (thing: T) => string): Generator<T> {
    const now = this.#clock.now()
    if (this.#everybody > now) return
    for (const thing of things) if (this.#until(nameOf(thing)) <= now) yield thing
  }

  succeeded(thing: string): void {
    const now = this.#clock.now()
    this.#failuresInARow = 0
    if (this.#rest === 0) this.#waits.delete(thing)
    else this.#waits.set(thing, { until: now + this.#rest, failures: 0 })
    if (this.#waits.size <= MOST_RESTING) return
    for (const [thing, { until, failures }] of this.#waits) {
      if (failures === 0 && until <= now) this.#waits.delete(thing)
    }
  }

  failed(thing: string): void {
    const now = this.#clock.now()
    const failures = (this.#waits.get(thing)?.failures ?? 0) + 1
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1))
    this.#waits.set(thing, { until: now + wait, failures })
    if (++this.#failuresInARow >= MOST_FAILURES) this.#everybodyUntil = now + LONGEST_WAIT
  }

  get #everybody(): Millis {
    return this.#soon(this.#everybodyUntil)
  }

  #until(thing: string): Millis {
    return this.#soon(this.#waits.get(thing)?.until ?? 0)
  }

  /** Nothing waits longer than the longest wait: else the clock has gone back. */
  #soon(until: Millis): Millis {
    return until > this.#clock.now() + LONGEST_WAIT ? 0 : until
  }
}
