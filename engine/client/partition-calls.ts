import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import { assert, errorFromReport } from '../errors.js'
import {
  type ItemKey,
  type PartitionAnswer,
  type PartitionBatchGet,
  type PartitionOperation,
  type PartitionQuery,
  type PartitionResults,
  type PinnedSettings,
  requestVersion,
} from '../operations.js'
import type { PartitionName, Peers } from '../ports.js'
import type { Router } from '../topology/router.js'
import type { TopologyReader } from '../topology/topology-reader.js'
import { checkRequest } from './check-request.js'
import { Detours } from './detours.js'
import { type RetryPorts, sendUntilAnswered } from './retry.js'

export interface ClientPorts extends RetryPorts {
  readonly peers: Peers
}

/** What every call takes. */
export interface CallOptions {
  /** Checked before every sending: what is under way already is not called back. */
  readonly signal?: AbortSignal | undefined
}

/** An answer, and who gave it. */
export interface Reply<O extends PartitionOperation> {
  readonly result: PartitionResults[O['kind']]
  readonly by: PartitionName
  /** How often the request was passed on. */
  readonly hops: number
}

/** What a call may be told beside its operation and who to ask. */
interface Addressing {
  /**
   * Who to ask when the partition that was asked has sent the request elsewhere, and the router has learned where:
   * nobody, if it is not for one partition alone.
   */
  readonly again?: () => PartitionName | undefined
  /** Of all the work that the call is a part of. */
  readonly detours?: Detours
}

/** Sends requests to partitions, and keeps in mind who serves what. */
export class PartitionCalls {
  readonly #ports: ClientPorts
  readonly #settings: PinnedSettings
  readonly router: Router
  /** Has the router know what is published of the tree, where anything is: before something is routed. */
  readonly topology: TopologyReader | undefined

  constructor(
    ports: ClientPorts,
    { roots, fanout }: PinnedSettings,
    router: Router,
    topology: TopologyReader | undefined,
  ) {
    this.#ports = ports
    this.#settings = { roots, fanout }
    this.router = router
    this.topology = topology
  }

  /** Whoever serves a key, as far as is known. */
  ownerOf({ hashKey, sortKey }: ItemKey): PartitionName {
    return this.router.ownerOf(hashKey, sortKey)
  }

  detours(): Detours {
    return new Detours(this.#ports)
  }

  /** Asks whoever serves a key. */
  atKey<O extends PartitionOperation>(
    key: ItemKey,
    operation: O,
    options: CallOptions | undefined,
  ): Promise<Reply<O>> {
    return this.#following(operation, [key.hashKey], () => this.ownerOf(key), options)
  }

  /** Asks a partition about itself. */
  async at<O extends PartitionOperation>(
    partition: PartitionName,
    operation: O,
    options: CallOptions | undefined,
  ): Promise<PartitionResults[O['kind']]> {
    const { result } = await this.#following(operation, [], () => partition, options)
    return result
  }

  /** The first page of an interval, from where it is read. */
  page(operation: PartitionQuery, options: CallOptions | undefined): Promise<Reply<PartitionQuery>> {
    const descending = operation.direction === 'descending'
    const first = () => this.router.firstOf(operation, descending)
    return this.#following(operation, [operation.hashKey], first, options)
  }

  /**
   * Asks for items, wherever they are: each partition for all that it has of them, all at the same time.
   *
   * @param tell is told of every answer: it is about the first of the keys that were asked for, in order.
   */
  async items<T extends { readonly key: ItemKey }>(
    wanted: readonly T[],
    reading: Omit<PartitionBatchGet, 'kind' | 'keys'>,
    options: CallOptions | undefined,
    tell: (asked: readonly T[], reply: Reply<PartitionBatchGet>) => void,
  ): Promise<void> {
    const detours = this.detours()
    const ready = this.topology?.ready(wanted.map(({ key }) => key.hashKey))
    if (ready !== undefined) await ready
    for (let left = wanted; left.length > 0; ) {
      const elsewhere: T[] = []
      await mapConcurrently([...this.#byOwner(left)], MAX_CALLS, async ([owner, group]) => {
        for (let rest: readonly T[] = group; rest.length > 0; ) {
          const keys = rest.map(({ key }) => key)
          const reply = await this.send(owner, { ...reading, kind: 'batchGet', keys }, options, { detours })
          if (reply === undefined) {
            elsewhere.push(...rest)
            return
          }
          const { found } = reply.result
          assert(found.length > 0, 'a batch get answers at least one of its keys')
          tell(rest, reply)
          rest = rest.slice(found.length)
        }
      })
      left = elsewhere
    }
  }

  /**
   * Asks one partition, and learns from what it answers.
   *
   * @returns nothing when the request is for several partitions: cut it anew, the router knows them now.
   */
  async send<O extends PartitionOperation>(
    partition: PartitionName,
    operation: O,
    options: CallOptions | undefined,
    { again = () => undefined, detours = this.detours() }: Addressing = {},
  ): Promise<Reply<O> | undefined> {
    checkRequest(operation)
    const writes = operation.kind === 'write' || operation.kind === 'transact'
    const { signal } = options ?? {}
    let to = partition
    const answer = await sendUntilAnswered(this.#ports, { writes, signal }, async ({ resent }) => {
      for (;;) {
        const sent = await this.#sendOnce(
          to,
          writes ? { ...operation, resent: resent || operation.resent } : operation,
        )
        if (sent.ok || sent.elsewhere === undefined) return sent
        await detours.after(to)
        // Passed on too often, a write is still for one partition, and known by its token there.
        const [only, ...others] = sent.elsewhere
        const next = writes && others.length === 0 ? only?.partition : again()
        // Of a write this says too that no earlier sending of it has happened, nor will.
        if (next === undefined) return undefined
        signal?.throwIfAborted()
        to = next
      }
    })
    if (answer === undefined) return undefined
    // An error is an answer too, also to what was sent before: the partition knows what became of that.
    if (!answer.ok) throw errorFromReport(answer.error)
    const { result, owner, hops = 0 } = answer
    return { result: result as PartitionResults[O['kind']], by: owner?.partition ?? to, hops }
  }

  /** Asks once, and learns from the answer. */
  async #sendOnce(partition: PartitionName, operation: PartitionOperation): Promise<PartitionAnswer> {
    const answer = await this.#ports.peers.call(partition, {
      version: requestVersion(operation),
      settings: this.#settings,
      operation,
      follows: true,
    })
    const owner = 'owner' in answer && answer.owner !== undefined ? [answer.owner] : []
    for (const route of answer.ok ? owner : (answer.elsewhere ?? owner)) this.router.learn(route, partition)
    return answer
  }

  /** To one partition, whichever that turns out to be. */
  async #following<O extends PartitionOperation>(
    operation: O,
    hashKeys: readonly Uint8Array[],
    destination: () => PartitionName,
    options: CallOptions | undefined,
  ): Promise<Reply<O>> {
    const ready = this.topology?.ready(hashKeys)
    if (ready !== undefined) await ready
    const reply = await this.send(destination(), operation, options, { again: destination })
    assert(reply !== undefined, 'a request for one partition is not cut')
    return reply
  }

  #byOwner<T extends { readonly key: ItemKey }>(items: readonly T[]): Map<PartitionName, T[]> {
    const groups = new Map<PartitionName, T[]>()
    for (const item of items) {
      const owner = this.ownerOf(item.key)
      const group = groups.get(owner)
      if (group === undefined) groups.set(owner, [item])
      else group.push(item)
    }
    return groups
  }
}
