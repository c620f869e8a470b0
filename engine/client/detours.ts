import { UnavailableError } from '../errors.js'
import type { PartitionName } from '../ports.js'
import type { RetryPorts } from './retry.js'

/** How often partitions may send a request on that have sent it on before: each should know more than the last. */
const MAX_VAIN_DETOURS = 64
const LONGEST_BACKOFF = 100

/** Counts how often one piece of work was sent elsewhere, so that it comes to an end. */
export class Detours {
  readonly #ports: RetryPorts
  readonly #asked = new Set<PartitionName>()
  #vain = 0

  constructor(ports: RetryPorts) {
    this.#ports = ports
  }

  /**
   * Whoever sends somebody elsewhere for the first time tells something new. After that, it is given a moment.
   *
   * @throws {UnavailableError} when that happened too often.
   */
  async after(asked: PartitionName): Promise<void> {
    if (!this.#asked.has(asked)) {
      this.#asked.add(asked)
      return
    }
    this.#vain++
    if (this.#vain > MAX_VAIN_DETOURS) {
      throw new UnavailableError('the partitions sent a request on and on, and none served it', {
        partition: asked,
      })
    }
    await this.#ports.clock.sleep(this.#ports.random.fraction() * Math.min(LONGEST_BACKOFF, 2 ** this.#vain))
  }
}
