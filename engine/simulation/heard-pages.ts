import type { Interval } from '../keys/interval.js'
import type { Peers } from '../ports.js'

/** A page as a partition answered it. */
export interface HeardPage {
  /** What it was asked for. */
  readonly interval: Interval
  /** What it has left for other pages. */
  readonly rest: Interval | undefined
}

/**
 * Hears what pages partitions answer: how much of a range each of them covers is nothing that a client is told, and
 * where partitions end is for them alone to know.
 */
export class HeardPages {
  readonly #pages: HeardPage[] = []

  /** The pages since this was asked last, in the order of their answers. */
  take(): HeardPage[] {
    return this.#pages.splice(0)
  }

  /** The same peers, overheard. */
  over(peers: Peers): Peers {
    return {
      call: async (partition, request) => {
        const answer = await peers.call(partition, request)
        const { operation } = request
        if (operation.kind === 'query' && answer.ok) {
          const { rest } = answer.result as { rest?: Interval }
          this.#pages.push({ interval: operation.interval, rest })
        }
        return answer
      },
    }
  }
}
