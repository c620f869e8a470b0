import type { PartitionOperation, PartitionResult, Version } from '../../operations.js'
import type { Peers } from '../../ports.js'
import { placeText } from './operation.js'
import { placeOfKey } from './rows.js'

/**
 * Listens to what a client is answered: a transaction block tells nobody which versions its rows have got, and
 * without them the judge could not place what it deleted.
 */
export class Witness {
  #versions = new Map<string, Version>()

  /** Forgets what it heard. */
  begin(): void {
    this.#versions = new Map()
  }

  /** The version of what the last write made of each place. */
  get versions(): ReadonlyMap<string, Version> {
    return this.#versions
  }

  /** The same peers, with their answers overheard. */
  peers(peers: Peers): Peers {
    return {
      call: async (partition, request) => {
        const answer = await peers.call(partition, request)
        if (answer.ok) this.#hear(request.operation, answer.result)
        return answer
      },
    }
  }

  #hear(operation: PartitionOperation, result: PartitionResult): void {
    if (operation.kind !== 'transact' || !('changes' in result)) return
    const parts = [operation.part, ...operation.others.map(({ part }) => part)]
    const planned = parts.flatMap(({ changes }) => changes).sort((left, right) => left.index - right.index)
    for (const { index, change } of planned) {
      const became = result.changes[index]
      if (change.kind === 'check' || became?.made !== true) continue
      this.#versions.set(placeText(placeOfKey(change.key)), became.version)
    }
  }
}
