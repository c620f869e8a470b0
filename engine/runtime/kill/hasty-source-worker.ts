import type { PartitionAnswer, PartitionRequest } from '../../operations.js'
import { durableObjects } from '../durable-objects.js'
import { SETTINGS } from './settings.js'
import { type ExecutingClass, slowTransfers } from './slow-transfers.js'

/*
 * The Worker of worker.ts with a bug: a partition that gives keys away says so before it has stored that it did. As
 * long as the process lives, it remembers; a kill in between leaves two partitions that serve the same keys.
 */

export { default, FokosTopologyKeeper } from './worker.js'

/** How much later, in milliseconds: until then, or until a message that depends on it. */
const LATE = 200

// A promoted hash key is known as one by a row of its own.
const WITHDRAW = `UPDATE transfers SET state = 'copying'
  WHERE id = ? AND state = 'moved' AND key_set ->> 'kind' <> 'hashKey'`
const STORE = "UPDATE transfers SET state = 'moved' WHERE id = ? AND state = 'copying'"

const { FokosPartition: Sound } = durableObjects({ settings: SETTINGS })

/** Stores a hand-over a little after it was answered. */
class HastySource extends (Sound as unknown as ExecutingClass) {
  readonly #later = new Set<number>()

  override async execute(request: PartitionRequest): Promise<PartitionAnswer> {
    const { operation } = request
    // To settle is for the target alone, which may wait; what else is asked for reads what is stored.
    if (operation.kind === 'settle') await this.#stored(operation.transfer)
    else if ('transfer' in operation) this.#store()
    const answer = await super.execute(request)
    if (operation.kind === 'handOver' && answer.ok && 'handedOver' in answer.result) {
      this.ctx.storage.sql.exec(WITHDRAW, operation.transfer)
      this.#later.add(operation.transfer)
      setTimeout(() => this.#store(), LATE)
    }
    return answer
  }

  async #stored(transfer: number): Promise<void> {
    while (this.#later.has(transfer)) await new Promise((resolve) => setTimeout(resolve, LATE / 20))
  }

  #store(): void {
    for (const id of this.#later) this.ctx.storage.sql.exec(STORE, id)
    this.#later.clear()
  }
}

export const FokosPartition = slowTransfers(HastySource as never)
