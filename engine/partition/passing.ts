import { UnavailableError } from '../errors.js'
import { mark } from '../mark.js'
import type { Directions, PartitionAnswer, PartitionRequest, Route } from '../operations.js'
import type { Clock, Millis, PartitionName, Peers } from '../ports.js'
import type { Router } from '../topology/router.js'
import { within } from '../within.js'

/** A request that was passed on so often is answered with directions: calls within calls have a limit. */
const MAX_HOPS = 8
/** Longer than anybody waits for a lock. */
const PATIENCE: Millis = 20_000
/** Characters of an answer that is remembered with its write. */
const MAX_KEPT_CHARACTERS = 1_000
/** Writes that are remembered as passed on; a copy of one that comes later is passed on as sent again. */
const MAX_PASSED = 5_000

/** Passes requests on to who serves their keys. */
export class Passing {
  readonly #name: PartitionName
  readonly #peers: Peers
  readonly #clock: Clock
  readonly #router: Router
  /** The writes that were passed on, by token, with what came of them; nothing, where no answer came. */
  readonly #passed = new Map<number, Promise<PartitionAnswer> | undefined>()

  constructor(name: PartitionName, ports: { readonly peers: Peers; readonly clock: Clock }, router: Router) {
    this.#name = name
    this.#peers = ports.peers
    this.#clock = ports.clock
    this.#router = router
  }

  /**
   * Passes a request on, whole, once.
   *
   * @throws {PeerCallError} when no answer came: whoever sent it sends it again.
   */
  pass(request: PartitionRequest, next: Route): PartitionAnswer | Promise<PartitionAnswer> {
    if ((request.passed?.hops ?? 0) >= MAX_HOPS) return directions(request, [next])
    MARK: mark('a request is passed on')
    const { operation } = request
    if (operation.kind !== 'write' && operation.kind !== 'transact')
      return this.#send(request, next.partition)
    return operation.resent ? this.#send(request, next.partition) : this.#passOnce(request, operation, next)
  }

  /**
   * A copy of a write that nobody has sent again reaches this instance or none, as the original does: that both
   * meet one answer is seen to here, because the partition that it is passed on to may be another instance for each.
   */
  #passOnce(
    request: PartitionRequest,
    operation: PartitionRequest['operation'] & { kind: 'write' | 'transact' },
    { partition }: Route,
  ): Promise<PartitionAnswer> {
    const { token } = operation
    const known = this.#passed.get(token)
    if (known !== undefined) {
      MARK: mark('a copy of a write is passed on once')
      return known
    }
    if (this.#passed.has(token)) {
      return this.#send({ ...request, operation: { ...operation, resent: true } }, partition)
    }
    const answer = this.#send(request, partition)
    this.#passed.set(token, answer)
    const forget = () => this.#passed.has(token) && this.#passed.set(token, undefined)
    answer.then((came) => isSmall(came) || forget(), forget)
    for (const oldest of this.#passed.keys()) {
      if (this.#passed.size <= MAX_PASSED) break
      this.#passed.delete(oldest)
    }
    return answer
  }

  async #send(request: PartitionRequest, partition: PartitionName): Promise<PartitionAnswer> {
    const passed = { by: this.#name, hops: (request.passed?.hops ?? 0) + 1 }
    const answer = await within(PATIENCE, this.#clock, this.#peers.call(partition, { ...request, passed }))
    if (answer.elsewhere !== undefined) for (const route of answer.elsewhere) this.#router.learn(route)
    else if (answer.owner !== undefined) this.#router.learn(answer.owner)
    return answer
  }
}

/** Whether an answer is worth keeping in mind: one with rows is not, and its write shows in them. */
function isSmall(answer: PartitionAnswer): boolean {
  if (!answer.ok || !('changes' in answer.result)) return true
  const items = answer.result.changes.map((change) => (change.made ? change.item : undefined))
  return items.reduce((sum, item) => sum + (item?.length ?? 0), items.length) <= MAX_KEPT_CHARACTERS
}

/** Tells a sender who to ask. @throws {UnavailableError} when it is one that would not know what to do with it. */
export function directions({ follows }: PartitionRequest, elsewhere: readonly Route[]): Directions {
  if (follows === true) {
    MARK: mark('a request is answered with directions')
    return { ok: false, elsewhere }
  }
  throw new UnavailableError(
    'what is asked for lies in several partitions, which this version of the Worker cannot ask: deploy the newer one',
  )
}
