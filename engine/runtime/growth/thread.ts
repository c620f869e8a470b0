import type { Millis } from '../../ports.js'
import { type Spread, spreadOf } from './latencies.js'

/** Between two looks. */
const EVERY: Millis = 5

/** Looks at how long the one thread that all partitions share was busy without a break. */
export class Thread {
  #stopped = false
  readonly #gaps: Millis[] = []
  readonly #watching: Promise<void>

  constructor() {
    this.#watching = this.#watch()
  }

  async stop(): Promise<Spread> {
    this.#stopped = true
    await this.#watching
    return spreadOf(this.#gaps)
  }

  async #watch(): Promise<void> {
    for (let last = performance.now(); !this.#stopped; ) {
      await new Promise((resolve) => setTimeout(resolve, EVERY))
      const now = performance.now()
      this.#gaps.push(Math.max(0, now - last - EVERY))
      last = now
    }
  }
}

/** Of so many requests one after the other, one is followed by a breath. */
export const BREATH = 4

/**
 * Lets timers and the network have their turn. As long as calls within one workerd follow on each other, they have
 * none: whoever sends many does this now and then.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
