import type { ItemKey } from '../../operations.js'
import type { Millis } from '../../ports.js'

/** Requests whose keys are remembered: enough to see where most of them go. */
const SAMPLES = 256
/** Writes that tell whether a range grows at its end alone. */
const WRITES = 8

/** How many requests a partition gets, and where they go. */
export class Heat {
  readonly #requestsPerSecond: number
  readonly #sustainedFor: Millis
  readonly #samples = new Samples()
  readonly #written = new Samples()
  #count = 0
  #since: Millis | undefined
  #rate = 0

  /**
   * @param requestsPerSecond what is hot.
   * @param sustainedFor for so long.
   */
  constructor(requestsPerSecond: number, sustainedFor: Millis) {
    this.#requestsPerSecond = requestsPerSecond
    this.#sustainedFor = sustainedFor
  }

  /** Notes a request. @returns whether there were too many for the whole time. */
  note(key: ItemKey, wrote: boolean, now: Millis): boolean {
    this.#samples.add(key)
    if (wrote) this.#written.add(key)
    this.#since ??= now
    this.#count++
    const elapsed = now - this.#since
    // A clock that is set back begins anew.
    if (elapsed >= 0 && elapsed < this.#sustainedFor) return false
    this.#rate = elapsed > 0 ? (this.#count * 1_000) / elapsed : 0
    this.#since = now
    this.#count = 0
    return this.#rate >= this.#requestsPerSecond
  }

  /** Requests a second, lately. */
  rate(now: Millis): number {
    const elapsed = now - (this.#since ?? now)
    if (elapsed < 0 || elapsed > 2 * this.#sustainedFor) return 0
    return elapsed >= 1_000 ? (this.#count * 1_000) / elapsed : this.#rate
  }

  /** Keys of the latest requests, the same one several times if it was asked for so often. */
  get samples(): readonly ItemKey[] {
    return this.#samples.keys
  }

  /** Of the last ones that wrote: a partition grows where they went. */
  get written(): readonly ItemKey[] {
    return this.#written.latest(WRITES)
  }
}

/** The latest of many keys. */
class Samples {
  readonly keys: ItemKey[] = []
  #next = 0

  add(key: ItemKey): void {
    this.keys[this.#next] = key
    this.#next = (this.#next + 1) % SAMPLES
  }

  latest(count: number): ItemKey[] {
    const inOrder = [...this.keys.slice(this.#next), ...this.keys.slice(0, this.#next)]
    return inOrder.slice(-count)
  }
}
