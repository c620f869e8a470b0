import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import { assert, errorFromReport, LimitError } from '../errors.js'
import type { Projection } from '../expressions/expression.js'
import { hashBytes } from '../keys/hash.js'
import {
  type Age,
  type BatchGetOperation,
  type Direction,
  type FoundItem,
  type GetOperation,
  type ItemKey,
  type Observing,
  type PartitionOperation,
  type PartitionResults,
  type PinnedSettings,
  type PlannedChange,
  type QueryOperation,
  type Reading,
  type RefusalStyle,
  requestVersion,
  type Seen,
  type Span,
  type TransactAnswer,
  type TransactionPart,
  VERSIONS_PER_MILLI,
  type WriteOperation,
  type WriteResult,
} from '../operations.js'
import type { PartitionName, Peers } from '../ports.js'
import { MAX_CHANGES } from '../settings.js'
import { rootOf } from '../topology/partition-name.js'
import { encodeItem, type ItemText } from '../values/item-text.js'
import type { Value } from '../values/value.js'
import { checkRequest } from './check-request.js'
import { type KeyedPage, mergedPage, mergeOrdered } from './merge.js'
import { checkLimit, compareKeys, sortSpans } from './order.js'
import { type Observer, readTogether } from './read-together.js'
import { type RetryPorts, sendUntilAnswered } from './retry.js'
import { type BlockOptions, TransactionBlock } from './transaction-block.js'

export interface ClientPorts extends RetryPorts {
  readonly peers: Peers
}

export interface ClientOptions {
  /** Which of several databases in the same namespaces. */
  readonly database: string
  readonly settings: PinnedSettings
}

/** What a transaction has seen and wants to change. Changes are in order, wherever their keys are. */
export interface TransactionPlan {
  readonly seen: Seen
  /** At least one: what only reads is validated. */
  readonly changes: readonly Omit<PlannedChange, 'index'>[]
  readonly returning?: Projection | undefined
  readonly refusals: RefusalStyle
  /** Of the first attempt, when this is not that one. */
  readonly age?: Age | undefined
  /** Names the transaction, which may have been sent before: whoever has been sent it twice does it once. */
  readonly token?: number | undefined
}

/** How the items of a span are read. */
export interface SpanReading extends Reading {
  readonly direction: Direction
  /** Whether the pages name the items' sort keys. */
  readonly withKeys: boolean
  /** At least 1. Counts items that pass the filter. */
  readonly limit?: number
  readonly pageSize?: number
  /** Told of every page, when all of them must be of one moment. */
  readonly observer?: Observer | undefined
}

/** What every call takes. */
export interface CallOptions {
  /** Checked before every sending: what is under way already is not called back. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs operations against the partitions that own their keys. Holds nothing of a request: one client can
 * serve all that a Worker handles.
 */
export class Client {
  readonly #ports: ClientPorts
  readonly #options: ClientOptions

  constructor(ports: ClientPorts, options: ClientOptions) {
    this.#ports = ports
    this.#options = options
  }

  async get(operation: GetOperation, options?: CallOptions): Promise<FoundItem | null> {
    const { found } = await this.#call(this.ownerOf(operation.key.hashKey), operation, options)
    return found
  }

  /** In the order that the operation wants, without those that are not there. All are of one moment. */
  async batchGet(operation: BatchGetOperation, options?: CallOptions): Promise<FoundItem[]> {
    const { keys, order, limit } = operation
    checkLimit(limit)
    const found = await this.findMany(keys, operation, options)
    return keys
      .map((key, i) => ({ key, item: found[i] ?? null }))
      .sort((left, right) => compareKeys(order, left.key, right.key))
      .flatMap(({ item }) => (item === null ? [] : [item]))
      .slice(0, limit)
  }

  /** In the order of the keys; all are of one moment. */
  findMany(keys: readonly ItemKey[], reading: Reading, options?: CallOptions): Promise<(FoundItem | null)[]> {
    return readTogether(this, this.#ports, options, (observer) => this.find(keys, reading, observer, options))
  }

  /** Reads until all that the observer was told of was of one moment. */
  together<T>(options: CallOptions | undefined, read: (observer: Observer) => Promise<T>): Promise<T> {
    return readTogether(this, this.#ports, options, read)
  }

  /** Each partition is asked for all of its keys at once, all at the same time. */
  async find(
    keys: readonly ItemKey[],
    reading: Reading,
    observer: Observer,
    options?: CallOptions,
  ): Promise<(FoundItem | null)[]> {
    const found = new Array<FoundItem | null>(keys.length).fill(null)
    const groups = [...this.#byOwner(keys.map((key, place) => ({ key, place })))]
    await mapConcurrently(groups, MAX_CALLS, async ([owner, asked]) => {
      for (let done = 0; done < asked.length; ) {
        const rest = asked.slice(done)
        const batch = rest.map(({ key }) => key)
        const answer = await this.#call(
          owner,
          {
            kind: 'batchGet',
            keys: batch,
            observe: 'versions',
            ...reserving(observer),
            ...readingOf(reading),
          },
          options,
        )
        assert(answer.found.length > 0, 'a batch get answers at least one of its keys')
        observer.sawItems(batch, answer)
        answer.found.forEach((item, i) => {
          found[(rest[i] as { place: number }).place] = item
        })
        done += answer.found.length
      }
    })
    return found
  }

  /** All items that the query finds, in its order; all are of one moment. */
  query(operation: QueryOperation, options?: CallOptions): Promise<ItemText[]> {
    return readTogether(
      this,
      this.#ports,
      options,
      (observer) => this.#queryOnce(operation, observer, options),
      operation.spans.length === 1,
    )
  }

  async #queryOnce(
    operation: QueryOperation,
    observer: Observer,
    options: CallOptions | undefined,
  ): Promise<ItemText[]> {
    checkLimit(operation.limit)
    const { spans, order, limit } = operation
    if (spans.length > 1 && order.first === 'hashKey') {
      const sorted = sortSpans(operation)
      const found = await mapConcurrently(sorted, MAX_CALLS, (span) =>
        this.#queryOnce({ ...operation, spans: [span] }, observer, options),
      )
      return found.flat().slice(0, limit)
    }
    const items: ItemText[] = []
    for await (const page of this.#pages(operation, { observer }, options)) {
      for (const item of page) items.push(item)
    }
    return items
  }

  /**
   * The items that the query finds, in its order, page by page: a page is asked for when the one before it was
   * taken. Items that change meanwhile are seen as they are when their page is read.
   */
  pages(
    operation: QueryOperation,
    paging: { readonly pageSize?: number } = {},
    options?: CallOptions,
  ): AsyncGenerator<readonly ItemText[]> {
    return this.#pages(operation, paging, options)
  }

  async *#pages(
    operation: QueryOperation,
    { pageSize, observer }: { readonly pageSize?: number; readonly observer?: Observer },
    options: CallOptions | undefined,
  ): AsyncGenerator<readonly ItemText[]> {
    checkLimit(operation.limit)
    checkLimit(pageSize)
    const { spans, order, limit = Number.POSITIVE_INFINITY } = operation
    const merged = spans.length > 1 && order.first === 'sortKey'
    const reading: SpanReading = {
      direction: order.sortKey,
      withKeys: merged,
      observer,
      ...readingOf(operation),
      ...(operation.limit === undefined ? undefined : { limit: operation.limit }),
      ...(pageSize === undefined && !merged ? undefined : { pageSize: pageSize ?? mergedPage(spans.length) }),
    }
    const sources = sortSpans(operation).map((span) => this.spanPages(span, reading, options))
    let left = limit
    for await (const items of merged ? mergeOrdered(order, sources) : itemsInTurn(sources)) {
      if (items.length > 0) yield items.length > left ? items.slice(0, left) : items
      left -= items.length
      if (left <= 0) return
    }
  }

  /** Changes that lie in several partitions become a transaction. */
  async write(operation: WriteOperation, options?: CallOptions): Promise<WriteResult> {
    const { changes, returning } = operation
    const [owner, ...others] = this.#byOwner(changes).keys()
    assert(owner !== undefined, 'a write that has changes has an owner')
    if (others.length > 0) {
      const plan = {
        seen: { items: [], intervals: [] },
        changes: changes.map((change) => ({ change })),
        returning,
        refusals: 'items',
      } as const
      return this.transact(plan, options)
    }
    return this.#call(
      owner,
      { ...operation, token: this.#ports.random.token(), born: this.#ports.clock.now(), resent: false },
      options,
    )
  }

  /**
   * Changes items, wherever they are, if all that was seen is as it was: all of it or nothing, at one moment.
   *
   * @throws {TransactionConflictError} when something was seen otherwise, or is locked for too long.
   */
  async transact(plan: TransactionPlan, options?: CallOptions): Promise<TransactAnswer> {
    const changes = plan.changes.map((planned, index) => ({ ...planned, index, key: planned.change.key }))
    const [first] = changes
    assert(first !== undefined, 'a transaction that is sent changes something')
    if (changes.length > MAX_CHANGES) {
      throw new LimitError(
        `a statement changes at most ${MAX_CHANGES} items, not ${changes.length}: change fewer rows at once`,
        { limit: MAX_CHANGES, size: changes.length },
      )
    }
    const home = this.ownerOf(first.key.hashKey)
    const parts = this.#partsOf(plan.seen, changes)
    const part = parts.get(home) as TransactionPart
    parts.delete(home)
    return this.#call(
      home,
      {
        kind: 'transact',
        token: plan.token ?? this.#ports.random.token(),
        born: this.#ports.clock.now(),
        resent: plan.token !== undefined,
        part,
        others: [...parts].map(([partition, other]) => ({ partition, part: other })),
        refusals: plan.refusals,
        ...(plan.returning === undefined ? undefined : { returning: plan.returning }),
        ...(plan.age === undefined ? undefined : { age: plan.age }),
        ...(plan.token === undefined ? undefined : { digest: digestOf(plan) }),
      },
      options,
    )
  }

  /**
   * Makes sure that there was one moment at which all was as it was seen.
   *
   * @throws {TransactionConflictError} when there may have been none.
   */
  async validate(seen: Seen, options?: CallOptions, age?: Age): Promise<void> {
    const parts = [...this.#partsOf(seen, [])]
    await Promise.all(
      parts.map(([owner, part]) =>
        this.#call(
          owner,
          {
            kind: 'validate',
            seen: part.seen,
            together: parts.length > 1,
            ...(age === undefined ? undefined : { age }),
          },
          options,
        ),
      ),
    )
  }

  /** Begins an interactive transaction. Nothing is sent until it reads. */
  begin(options: BlockOptions = {}): TransactionBlock {
    return new TransactionBlock(
      {
        ownerOf: (hashKey) => this.ownerOf(hashKey),
        ask: (owner, operation, callOptions) => this.#call(owner, operation, callOptions),
        transact: (plan) => this.transact(plan),
        validate: (seen, age) => this.validate(seen, undefined, age),
        newAge: () => ({
          at: this.#ports.clock.now() * VERSIONS_PER_MILLI,
          id: this.#ports.random.token(),
        }),
      },
      options,
    )
  }

  /** What each partition has to do with a transaction. */
  #partsOf(
    { items, intervals }: Seen,
    changes: readonly (PlannedChange & { readonly key: ItemKey })[],
  ): Map<PartitionName, TransactionPart> {
    const [ofItems, ofChanges] = [this.#byOwner(items), this.#byOwner(changes)]
    const ofIntervals = this.#byOwner(
      intervals.map((interval) => ({ interval, key: { hashKey: interval.hashKey } })),
    )
    const owners = new Set([...ofChanges.keys(), ...ofItems.keys(), ...ofIntervals.keys()])
    return new Map(
      [...owners].map((owner) => [
        owner,
        {
          seen: {
            items: ofItems.get(owner) ?? [],
            intervals: (ofIntervals.get(owner) ?? []).map(({ interval }) => interval),
          },
          changes: (ofChanges.get(owner) ?? []).map(({ key: _, ...planned }) => planned),
        },
      ]),
    )
  }

  /** The partition that would serve a key, as far as this client knows. */
  ownerOf(hashKey: Uint8Array): PartitionName {
    return rootOf(this.#options.database, hashKey, this.#options.settings.roots)
  }

  #byOwner<T extends { readonly key: Pick<ItemKey, 'hashKey'> }>(
    items: readonly T[],
  ): Map<PartitionName, T[]> {
    const groups = new Map<PartitionName, T[]>()
    for (const item of items) {
      const owner = this.ownerOf(item.key.hashKey)
      const group = groups.get(owner)
      if (group === undefined) groups.set(owner, [item])
      else group.push(item)
    }
    return groups
  }

  /** The items of one span in order, page by page. */
  async *spanPages(
    { hashKey, interval }: Span,
    reading: SpanReading,
    options?: CallOptions,
  ): AsyncGenerator<KeyedPage> {
    const { direction, withKeys, observer, limit = Number.POSITIVE_INFINITY, pageSize = limit } = reading
    checkLimit(reading.limit)
    const owner = this.ownerOf(hashKey)
    let left = limit
    let first = true
    for (let rest: Span['interval'] | undefined = interval; rest !== undefined && left > 0; ) {
      const most = Math.min(left, pageSize)
      const answer: PartitionResults['query'] = await this.#call(
        owner,
        {
          kind: 'query',
          hashKey,
          interval: rest,
          direction,
          withKeys,
          ...readingOf(reading),
          ...observing(observer, first),
          ...(Number.isFinite(most) ? { limit: most } : undefined),
        },
        options,
      )
      observer?.sawPage(hashKey, rest, direction, answer)
      first = false
      yield { hashKey, items: answer.items, sortKeys: answer.sortKeys ?? [] }
      left -= answer.items.length
      rest = answer.rest
    }
  }

  async #call<O extends PartitionOperation>(
    owner: PartitionName,
    operation: O,
    options: CallOptions | undefined,
  ): Promise<PartitionResults[O['kind']]> {
    checkRequest(operation)
    const writes = operation.kind === 'write' || operation.kind === 'transact'
    const { roots, fanout } = this.#options.settings
    const answer = await sendUntilAnswered(this.#ports, { writes, signal: options?.signal }, ({ resent }) =>
      this.#ports.peers.call(owner, {
        version: requestVersion(operation),
        settings: { roots, fanout },
        operation: writes ? { ...operation, resent: resent || operation.resent } : operation,
      }),
    )
    if (!answer.ok) throw errorFromReport(answer.error)
    return answer.result as PartitionResults[O['kind']]
  }
}

/** The same for equal transactions. */
function digestOf({ changes }: TransactionPlan): number {
  // Values of every kind are told apart as they are when they are stored.
  const text = encodeItem({ changes: changes as unknown as readonly Value[] })
  return hashBytes(new TextEncoder().encode(text), 0)
}

async function* itemsInTurn(
  sources: readonly AsyncIterable<KeyedPage>[],
): AsyncGenerator<readonly ItemText[]> {
  for (const pages of sources) for await (const { items } of pages) yield items
}

/** Of a span's only page nothing need be known later, as long as it is the only one. */
function observing(observer: Observer | undefined, first: boolean): Observing {
  if (observer === undefined) return {}
  return { observe: first && observer.alone ? 'sumIfMore' : 'sum', ...reserving(observer) }
}

function reserving({ reserve }: Observer): Pick<Observing, 'reserve'> {
  return reserve === undefined ? {} : { reserve }
}

/** What of a reading a partition is asked for. */
function readingOf({ filter, projection }: Reading): Reading {
  return {
    ...(filter === undefined ? undefined : { filter }),
    ...(projection === undefined ? undefined : { projection }),
  }
}
