import type { Clock, Millis } from '../ports.js'

/**
 * The clock by which items end: the machine's, but it never goes back while an instance lives. Another instance may
 * be behind it. So whoever finds that an item has ended deletes it, before anybody hears that it is not there: what
 * is gone is gone by every clock.
 *
 * It is not the clock of the versions, which runs ahead of the time by up to seconds after every restart: an item
 * that is to live for seconds would be gone as soon as it is written.
 */
export class ExpiryClock {
  readonly #clock: Clock
  #latest: Millis = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get now(): Millis {
    this.#latest = Math.max(this.#latest, this.#clock.now())
    return this.#latest
  }
}
