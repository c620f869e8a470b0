import TinyQueue from 'tinyqueue'
import type { Millis } from '../ports.js'

interface Event {
  readonly at: Millis
  readonly order: number
  readonly happen: () => void
}

/** When every simulated world begins. */
export const BEGINNING: Millis = 1_700_000_000_000

/**
 * Time that passes only when nothing is left to do at the moment. All that happens in a world is an event
 * here, one after the other, in an order that depends on nothing but the world itself.
 */
export class Scheduler {
  readonly #events = new TinyQueue<Event>([], (left, right) => left.at - right.at || left.order - right.order)
  readonly #most: number
  #now = BEGINNING
  #count = 0

  /** @param most how many events may happen before what {@link run} waits for. */
  constructor(most = 200_000) {
    this.#most = most
  }

  /** True time, which nobody in the world can see. */
  get now(): Millis {
    return this.#now
  }

  /** @returns takes the event back, if it has not happened yet. */
  after(delay: Millis, happen: () => void): () => void {
    let cancelled = false
    this.#events.push({
      at: this.#now + Math.max(0, delay),
      order: this.#count++,
      happen: () => {
        if (!cancelled) happen()
      },
    })
    return () => {
      cancelled = true
    }
  }

  /**
   * Lets events happen until `done`, or until there are none left.
   *
   * @throws when that takes too many events: something goes round in circles.
   */
  async run(done: () => boolean): Promise<void> {
    const most = this.#most
    for (let events = 0; !done(); events++) {
      const event = this.#events.pop()
      if (event === undefined) return
      if (events >= most) throw new Error(`more than ${most} events: the world does not come to rest`)
      this.#now = event.at
      event.happen()
      // All that was waiting for the event goes on before the next one, as far as it can.
      await new Promise(setImmediate)
    }
  }
}
