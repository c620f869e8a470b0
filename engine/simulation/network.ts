import type { PartitionAnswer, PartitionRequest } from '../operations.js'
import { type PartitionName, PeerCallError, type Peers } from '../ports.js'
import { describeAnswer } from './describe.js'
import type { FaultProfile } from './faults.js'
import type { Host } from './host.js'
import type { Scheduler } from './scheduler.js'
import type { SeededRandom } from './seeded-random.js'

/** What the network needs of its world. */
export interface NetworkWorld {
  readonly scheduler: Scheduler
  readonly profile: FaultProfile
  host(name: PartitionName): Host
  note(place: string, text: string, facts?: { fault?: boolean; operation?: number | undefined }): void
}

/** A request that says for which operation it was sent. Whoever passes it on keeps what he does not know. */
interface Traced extends PartitionRequest {
  readonly traced?: number
}

/** Who calls. */
export interface Caller {
  readonly name: string
  readonly random: SeededRandom
  /** The operation that the calls belong to, for the trace. */
  readonly operation?: number | undefined
  /** Lets a message leave, at once or when what the caller wrote is durable. */
  readonly leave?: (send: () => void) => void
}

/**
 * Calls between places, with everything that can become of them on the way. As on the platform, a call is
 * bound to the instance that it was sent to: when that is gone, the call has failed, and no other instance
 * ever sees it. Copies, delays and broken connections are within this bound.
 */
export function peersOver(world: NetworkWorld, caller: Caller): Peers {
  return {
    call: (partition, request) =>
      new Promise((resolve, reject) => {
        const leave = caller.leave ?? ((send) => send())
        // Everything that travels is a copy. Who passes it on passes on for which operation it was sent.
        const { operation } = caller
        const sent: Traced = {
          ...structuredClone(request),
          ...(operation === undefined ? {} : { traced: operation }),
        }
        leave(() => new Call(world, caller, partition, sent, resolve, reject).send())
      }),
  }
}

/** One call, from its sending to the end that its caller hears of. */
class Call {
  readonly #world: NetworkWorld
  readonly #caller: Caller
  readonly #partition: PartitionName
  readonly #request: Traced
  readonly #resolve: (answer: PartitionAnswer) => void
  readonly #reject: (error: PeerCallError) => void
  #over = false

  constructor(
    world: NetworkWorld,
    caller: Caller,
    partition: PartitionName,
    request: Traced,
    resolve: (answer: PartitionAnswer) => void,
    reject: (error: PeerCallError) => void,
  ) {
    this.#world = world
    this.#caller = caller
    this.#partition = partition
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  send(): void {
    const { profile } = this.#world
    const { random } = this.#caller
    if (random.chance(profile.overload)) {
      this.#fault('overload')
      this.#end(this.#delay(), () => this.#fail('overloaded', true))
      return
    }
    if (random.chance(profile.disconnect)) {
      this.#fault('broken connection')
      this.#end(this.#delay() * random.between(0, 4), () => this.#fail('the connection broke'))
    }
    const host = this.#world.host(this.#partition)
    const receiver = host.receiver()
    const deliver = (delay: number) =>
      this.#world.scheduler.after(delay, () =>
        host.deliver(
          receiver,
          this.#request,
          { answer: (answer) => this.#answer(answer), fail: (reason) => this.#break(reason) },
          this.#request.traced,
        ),
      )
    if (random.chance(profile.dropRequest)) {
      this.#fault('lost request')
      this.#break('nobody answered')
      return
    }
    const delay = this.#delay()
    deliver(delay)
    if (random.chance(profile.duplicate)) {
      this.#fault('doubled request')
      deliver(delay + this.#delay() * random.between(0, 20))
    }
  }

  #answer(answer: PartitionAnswer): void {
    if (this.#caller.random.chance(this.#world.profile.dropAnswer)) {
      this.#fault('lost answer')
      this.#break('nobody answered')
      return
    }
    const copy = structuredClone(answer)
    this.#end(this.#delay(), () => {
      this.#world.note(this.#caller.name, `hears ${describeAnswer(copy)}`, {
        operation: this.#request.traced,
      })
      this.#resolve(copy)
    })
  }

  /** The caller hears of it some time later. */
  #break(reason: string): void {
    this.#end(this.#delay() + this.#caller.random.between(0, 500), () => this.#fail(reason))
  }

  #fail(reason: string, overloaded = false): void {
    this.#world.note(this.#caller.name, `hears that ${reason}`, { operation: this.#request.traced })
    this.#reject(new PeerCallError(reason, { undelivered: overloaded, overloaded }))
  }

  /** The first end is the one that counts. */
  #end(delay: number, end: () => void): void {
    this.#world.scheduler.after(delay, () => {
      if (this.#over) return
      this.#over = true
      end()
    })
  }

  #fault(text: string): void {
    const { name } = this.#caller
    const { traced: operation } = this.#request
    this.#world.note(name, `${text}: to ${this.#partition}`, { fault: true, operation })
  }

  #delay(): number {
    const { delay, slow } = this.#world.profile
    const { random } = this.#caller
    const usual = random.between(...delay)
    return random.chance(slow) ? usual * random.between(1, 100) : usual
  }
}
