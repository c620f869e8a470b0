import { assert } from '../errors.js'
import { mark } from '../mark.js'
import { VERSIONS_PER_MILLI, type Version } from '../operations.js'
import type { Clock, Millis } from '../ports.js'
import { MAX_CHANGES } from '../settings.js'

/** The most versions that one statement takes: an upsert takes one to insert and one to update. */
const MAX_TICKS = 2 * MAX_CHANGES

/** How far ahead the stored bound is set: one row written per this time, not one per write. */
const LEAP: Millis = 10_000
/** The least that the bound rises by, in versions: enough for that many writes. */
const STEP = 50 * VERSIONS_PER_MILLI

/** A timestamp from elsewhere that is further ahead than this is not followed: one wrong clock would be everybody's. */
const MAX_AHEAD: Millis = 60_000

/** The bound in the partition's storage. */
export interface StoredBound {
  /** What was stored last, 0 if nothing ever was. */
  get(): Version
  set(bound: Version): void
}

/**
 * A hybrid logical clock (Kulkarni and others, "Logical Physical Clocks", 2014): follows the machine's clock
 * where it can, and rises always. What it has given out it never gives out again, also not after a crash or
 * on a machine whose clock is behind, because it starts from a stored bound above all that it gave out.
 */
export class HybridClock {
  readonly #clock: Clock
  readonly #stored: StoredBound
  #last: Version
  #bound: Version

  constructor(clock: Clock, stored: StoredBound) {
    this.#clock = clock
    this.#stored = stored
    this.#last = stored.get()
    this.#bound = this.#last
  }

  /**
   * Whether no other instance has written since this one did, or since it began: before its first write, each
   * raises the stored bound. One that was replaced without knowing finds out so.
   */
  isCurrent(): boolean {
    return this.#stored.get() === this.#bound
  }

  /**
   * Makes sure that {@link tick} can be called for a whole statement without storing anything. To be called
   * before the atomic section: if that rolls back, the bound must not.
   */
  reserve(): void {
    const needed = Math.max(this.#last, this.#physical()) + MAX_TICKS
    if (needed <= this.#bound) return
    // Ahead of the machine's clock, as after a restart, the bound goes on in small steps: each leap would add
    // to the last, and the versions would run away from the time.
    const bound = Math.max(needed + STEP, this.#physical() + LEAP * VERSIONS_PER_MILLI)
    MARK: mark('the stored bound of the clock is raised')
    this.#stored.set(bound)
    this.#bound = bound
  }

  /** The last version that was given out, or followed. */
  get last(): Version {
    return this.#last
  }

  /**
   * Follows a timestamp from elsewhere: what is given out from now on is above it. To be called before
   * {@link reserve}.
   */
  follow(timestamp: Version): void {
    if (timestamp <= this.#last) return
    if (timestamp > this.#physical() + MAX_AHEAD * VERSIONS_PER_MILLI) {
      MARK: mark('a timestamp is too far ahead to be followed')
      return
    }
    this.#last = timestamp
  }

  /**
   * Goes on from another partition's clock, whatever that says, because what it has dated is here now. To be called
   * in the section that stores that.
   */
  goOnFrom(timestamp: Version): void {
    if (timestamp > this.#bound) {
      this.#stored.set(timestamp)
      this.#bound = timestamp
    }
    this.#last = Math.max(this.#last, timestamp)
  }

  /** A version above all before it. */
  tick(): Version {
    // The machine's clock may have jumped since reserve(): what was reserved must last for the statement.
    const next = Math.max(this.#last + 1, Math.min(this.#physical(), this.#bound - MAX_TICKS))
    MARK: if (next > this.#physical()) mark('a version runs ahead of the clock')
    assert(next <= this.#bound, 'versions were reserved before they are given out')
    this.#last = next
    return next
  }

  #physical(): Version {
    return Math.floor(this.#clock.now()) * VERSIONS_PER_MILLI
  }
}
