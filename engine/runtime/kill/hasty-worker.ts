import type { DurableObject } from 'cloudflare:workers'
import type { PartitionAnswer, PartitionRequest } from '../../operations.js'
import { encodeItem } from '../../values/item-text.js'
import { durableObjects } from '../durable-objects.js'
import { WITHOUT_GROWTH } from './settings.js'

/*
 * The Worker of worker.ts with a bug: its partitions acknowledge writes that they make a little later. As long
 * as the process lives, nobody can tell, because a read makes first what is waiting; only a kill shows it.
 */

export { default, FokosTopologyKeeper } from './worker.js'

// What is passed on cannot be made later.
const { FokosPartition: Sound } = durableObjects({ settings: WITHOUT_GROWTH })

/** How much later: long for a computer, and well before anything is evicted for being idle. */
const LATE = 200

type ExecutingClass = new (
  state: unknown,
  env: unknown,
) => DurableObject & { execute(request: PartitionRequest): PartitionAnswer }

/** Answers every write at once as if it had been made, which it will have been if nothing happens until then. */
export class FokosPartition extends (Sound as unknown as ExecutingClass) {
  #waiting: PartitionRequest[] = []

  override execute(request: PartitionRequest): PartitionAnswer {
    if (request.operation.kind !== 'write') {
      this.#makeWaiting()
      return super.execute(request)
    }
    this.#waiting.push(request)
    setTimeout(() => this.#makeWaiting(), LATE)
    const change = { made: true, version: 0, item: encodeItem({}) } as const
    return { ok: true, result: { changes: request.operation.changes.map(() => change) } }
  }

  #makeWaiting(): void {
    for (const request of this.#waiting.splice(0)) super.execute(request)
  }
}
