import type { Aggregation } from '../aggregates/aggregation.js'
import { answerGroups } from '../aggregates/answer-groups.js'
import { cutParts, sumsAgree } from '../changes/cut-part.js'
import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import { assert, LimitError, TransactionConflictError } from '../errors.js'
import type { Projection } from '../expressions/expression.js'
import { hashBytes } from '../keys/hash.js'
import {
  type Age,
  type AggregateOperation,
  type AlterOperation,
  type BatchGetOperation,
  type Direction,
  type Fingerprint,
  type FoundItem,
  type GetOperation,
  type ItemKey,
  type Observing,
  type PartitionDescription,
  type PartitionQuery,
  type PartitionTransact,
  type PieceSums,
  type PinnedSettings,
  type PlannedChange,
  type QueryOperation,
  type Reading,
  type RefusalStyle,
  type Seen,
  type Span,
  type TransactAnswer,
  type TransactionPart,
  VERSIONS_PER_MILLI,
  type WriteOperation,
  type WriteResult,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import { MAX_CHANGES } from '../settings.js'
import { Router } from '../topology/router.js'
import type { TopologyReader } from '../topology/topology-reader.js'
import { encodeItem, type ItemText } from '../values/item-text.js'
import type { Item, Value } from '../values/value.js'
import { alter } from './alter.js'
import { describeTree } from './describe-tree.js'
import { HeldGroups } from './held-groups.js'
import { type KeyedPage, mergedPage, mergeOrdered } from './merge.js'
import { checkLimit, checkWindow, compareKeys, reachOf, sortSpans } from './order.js'
import { type CallOptions, type ClientPorts, PartitionCalls, type Reply } from './partition-calls.js'
import { type Observer, readTogether } from './read-together.js'
import { type ScanOptions, type ScanPage, scan } from './scan.js'
import { type BlockOptions, TransactionBlock } from './transaction-block.js'

export type { CallOptions, ClientPorts } from './partition-calls.js'
export type { ScannedItem, ScanOptions, ScanPage } from './scan.js'

/** Who serves a key. */
export interface Location {
  readonly partition: PartitionName
  /** How often the request was passed on to get there, now: 0 once it is known. */
  readonly hops: number
}

export interface ClientOptions {
  /** Which of several databases in the same namespaces. */
  readonly database: string
  readonly settings: PinnedSettings
  /** What is known of this database's tree, to share it with others: one of this client's own, if none is given. */
  readonly router?: Router
  /** Has the router know what is published of the tree, where anything is. */
  readonly topology?: TopologyReader | undefined
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

/** How many items are left out in front, of spans that are read one after the other. */
export interface Skipping {
  left: number
}

/** How the items of a span are read. */
export interface SpanReading extends Reading {
  readonly direction: Direction
  /** Whether the pages name the items' sort keys. */
  readonly withKeys: boolean
  /** At least 1. Counts items that pass the filter. */
  readonly limit?: number
  /** Items that pass the filter and are left out in front. */
  readonly skipping?: Skipping
  /** Answers what is computed of the items in their place. */
  readonly aggregation?: Aggregation
  readonly pageSize?: number
  /** Told of every page, when all of them must be of one moment. */
  readonly observer?: Observer | undefined
}

/**
 * Runs operations against the partitions that own their keys. Holds nothing of a request, only what it has learned
 * of the tree: one client can serve all that a Worker handles.
 */
export class Client {
  readonly #ports: ClientPorts
  readonly #calls: PartitionCalls
  readonly #tree: { readonly database: string; readonly roots: number }

  constructor(ports: ClientPorts, { database, settings, router, topology }: ClientOptions) {
    this.#ports = ports
    this.#tree = { database, roots: settings.roots }
    this.#calls = new PartitionCalls(ports, settings, router ?? new Router(database, settings), topology)
  }

  async get(operation: GetOperation, options?: CallOptions): Promise<FoundItem | null> {
    const { result } = await this.#calls.atKey(operation.key, operation, options)
    return result.found
  }

  /** In the order that the operation wants, without those that are not there. All are of one moment. */
  async batchGet(operation: BatchGetOperation, options?: CallOptions): Promise<FoundItem[]> {
    const { keys, order, offset } = operation
    checkWindow(operation)
    const found = await this.findMany(keys, operation, options)
    return keys
      .map((key, i) => ({ key, item: found[i] ?? null }))
      .sort((left, right) => compareKeys(order, left.key, right.key))
      .flatMap(({ item }) => (item === null ? [] : [item]))
      .slice(offset, reachOf(operation))
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
    await this.#calls.items(
      keys.map((key, place) => ({ key, place })),
      { observe: 'versions', ...reserving(observer), ...readingOf(reading) },
      options,
      (asked, { result }) => {
        observer.sawItems(
          asked.map(({ key }) => key),
          result,
        )
        result.found.forEach((item, i) => {
          found[(asked[i] as { place: number }).place] = item
        })
      },
    )
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
    checkWindow(operation)
    const { spans, order, limit, offset = 0, ...found } = operation
    if (spans.length > 1 && order.first === 'hashKey') {
      const reach = limit === undefined ? undefined : { limit: offset + limit }
      const ofSpans = await mapConcurrently(sortSpans(operation), MAX_CALLS, (span) =>
        this.#queryOnce({ ...found, order, spans: [span], ...reach }, observer, options),
      )
      return ofSpans.flat().slice(offset, reachOf(operation))
    }
    const items: ItemText[] = []
    for await (const page of this.#pages(operation, { observer }, options)) {
      for (const item of page) items.push(item)
    }
    return items
  }

  /** What the items come to, group by group; all of them are of one moment. */
  aggregate(operation: AggregateOperation, options?: CallOptions): Promise<Item[]> {
    return readTogether(
      this,
      this.#ports,
      options,
      async (observer) => answerGroups(await this.#groupsOf(operation, observer, options), operation),
      operation.spans.length === 1,
    )
  }

  async #groupsOf(
    { spans, filter, groups, aggregates }: AggregateOperation,
    observer: Observer,
    options: CallOptions | undefined,
  ): Promise<Item[]> {
    const aggregation = { groups, aggregates }
    const merged = new HeldGroups(aggregation)
    const reading: SpanReading = {
      direction: 'ascending',
      withKeys: false,
      observer,
      aggregation,
      ...readingOf(filter === undefined ? {} : { filter }),
    }
    await mapConcurrently(spans, MAX_CALLS, async (span) => {
      for await (const page of this.spanPages(span, reading, options)) merged.merge(page.groups ?? [])
    })
    return merged.rows()
  }

  /**
   * Changes all items of intervals that pass, at one moment: reads which they are, and changes them if nothing in the
   * intervals has changed since.
   *
   * @throws {LimitError} when they are more than a statement changes.
   * @throws {TransactionConflictError} when others change the intervals again and again meanwhile.
   */
  alter(operation: AlterOperation, options?: CallOptions): Promise<WriteResult> {
    return alter(this, this.#ports, operation, options)
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
    checkWindow(operation)
    checkLimit(pageSize)
    const { spans, order, offset = 0 } = operation
    const merged = spans.length > 1 && order.first === 'sortKey'
    // Of what is merged, nobody knows before how much of each is left out in front.
    const skipping = { left: merged ? 0 : offset }
    let drop = merged ? offset : 0
    let left = merged ? reachOf(operation) : reachOf({ limit: operation.limit })
    const reading: SpanReading = {
      direction: order.sortKey,
      withKeys: merged,
      observer,
      ...readingOf(operation),
      skipping,
      ...(Number.isFinite(left) ? { limit: left } : undefined),
      ...(pageSize === undefined && !merged ? undefined : { pageSize: pageSize ?? mergedPage(spans.length) }),
    }
    const sources = sortSpans(operation).map((span) => this.spanPages(span, reading, options))
    for await (const items of merged ? mergeOrdered(order, sources) : itemsInTurn(sources)) {
      const kept = drop > 0 || items.length > left ? items.slice(drop, left) : items
      if (kept.length > 0) yield kept
      drop = Math.max(0, drop - items.length)
      left -= items.length
      if (left <= 0) return
    }
  }

  /** Changes that lie in several partitions become a transaction. */
  async write(operation: WriteOperation, options?: CallOptions): Promise<WriteResult> {
    const { changes, returning } = operation
    const planned = changes.map((change, index) => ({ change, index }))
    const onlyOwner = () => {
      const [owner, ...others] = cutParts(
        [{ seen: NOTHING, changes: planned }],
        this.#calls.router,
      ).parts.keys()
      assert(owner !== undefined, 'a write that has changes has an owner')
      return others.length === 0 ? owner : undefined
    }
    const owner = onlyOwner()
    if (owner !== undefined) {
      const write = {
        ...operation,
        token: this.#ports.random.token(),
        born: this.#ports.clock.now(),
        resent: false,
      }
      const reply = await this.#calls.send(owner, write, options, { again: onlyOwner })
      if (reply !== undefined) return reply.result
      // Nothing of it has happened: what sends a write elsewhere has not done it.
    }
    const plan = {
      seen: NOTHING,
      changes: changes.map((change) => ({ change })),
      returning,
      refusals: 'items',
    } as const
    return this.transact(plan, options)
  }

  /**
   * Changes items, wherever they are, if all that was seen is as it was: all of it or nothing, at one moment.
   *
   * @throws {TransactionConflictError} when something was seen otherwise, or is locked for too long.
   */
  async transact(plan: TransactionPlan, options?: CallOptions): Promise<TransactAnswer> {
    const changes = plan.changes.map((planned, index) => ({ ...planned, index }))
    const [first] = changes
    assert(first !== undefined, 'a transaction that is sent changes something')
    if (changes.length > MAX_CHANGES) {
      throw new LimitError(
        `a statement changes at most ${MAX_CHANGES} items, not ${changes.length}: change fewer rows at once`,
        { limit: MAX_CHANGES, size: changes.length },
      )
    }
    // Who has seen something has asked where it is.
    const ready = this.#calls.topology?.ready(changes.map(({ change }) => change.key.hashKey))
    if (ready !== undefined) await ready
    // Cut once: what is sent again is the same, wherever it goes. Its home cuts it as it must be.
    const { parts, cuts } = cutParts([{ seen: plan.seen, changes }], this.#calls.router)
    const home = this.ownerOf(first.change.key)
    const part = parts.get(home)
    assert(part !== undefined, 'the first change is at home')
    const others = [...parts].filter(([partition]) => partition !== home)
    const transact: PartitionTransact = {
      kind: 'transact',
      token: plan.token ?? this.#ports.random.token(),
      born: this.#ports.clock.now(),
      resent: plan.token !== undefined,
      part,
      others: others.map(([partition, other]) => ({ partition, part: other })),
      refusals: plan.refusals,
      ...(cuts.length === 0 ? undefined : { cuts }),
      ...(plan.returning === undefined ? undefined : { returning: plan.returning }),
      ...(plan.age === undefined ? undefined : { age: plan.age }),
      ...(plan.token === undefined ? undefined : { digest: digestOf(plan) }),
    }
    const { result } = await this.#calls.atKey(first.change.key, transact, options)
    return result
  }

  /**
   * Makes sure that there was one moment at which all was as it was seen.
   *
   * @throws {TransactionConflictError} when there may have been none.
   */
  async validate(seen: Seen, options?: CallOptions, age?: Age): Promise<void> {
    const detours = this.#calls.detours()
    const sums: PieceSums[] = []
    let cuts: readonly Fingerprint[] = []
    for (let left: readonly TransactionPart[] = [{ seen, changes: [] }]; left.length > 0; ) {
      const cut = cutParts(left, this.#calls.router, cuts)
      const together = sums.length + cut.parts.size > 1
      const elsewhere: TransactionPart[] = []
      await Promise.all(
        [...cut.parts].map(async ([owner, part]) => {
          const operation = {
            kind: 'validate',
            seen: part.seen,
            together,
            ...(age === undefined ? undefined : { age }),
          } as const
          const reply = await this.#calls.send(owner, operation, options, { detours })
          if (reply === undefined) elsewhere.push(part)
          else sums.push(reply.result.sums ?? [])
        }),
      )
      cuts = cut.cuts
      left = elsewhere
    }
    if (sumsAgree(cuts, sums)) return
    throw new TransactionConflictError(
      'an interval that the transaction depends on was changed by another one before it could commit',
    )
  }

  /** Begins an interactive transaction. Nothing is sent until it reads. */
  begin(options: BlockOptions = {}): TransactionBlock {
    return new TransactionBlock(
      {
        items: (...asking) => this.#calls.items(...asking),
        page: (...asking) => this.#calls.page(...asking),
        transact: (plan) => this.transact(plan),
        validate: (seen, age) => this.validate(seen, undefined, age),
        newAge: () => ({
          at: this.#ports.clock.now() * VERSIONS_PER_MILLI,
          id: this.#ports.random.token(),
        }),
        now: () => this.#ports.clock.now(),
      },
      options,
    )
  }

  /**
   * All items of all partitions, page by page, each as it is when its page is read: not one moment. What exists from
   * the first page to the last comes once, also when partitions split meanwhile.
   *
   * @throws {InvalidRequestError} for segments that there are not, or a cursor of another scan.
   */
  scan(scanned: ScanOptions = {}, options?: CallOptions): AsyncGenerator<ScanPage> {
    return scan(this.#calls, this.#tree, scanned, options)
  }

  /** Asks who serves a key. */
  async locate(key: ItemKey, options?: CallOptions): Promise<Location> {
    const { by, hops } = await this.#calls.atKey(key, { kind: 'locate', key }, options)
    return { partition: by, hops }
  }

  /** Has every partition describe itself: the roots first, then level by level. Not one moment. */
  tree(options?: CallOptions): Promise<PartitionDescription[]> {
    return describeTree(this.#calls, this.#tree, options)
  }

  /** The partition that would serve a key, as far as this client knows. */
  ownerOf(key: ItemKey): PartitionName {
    return this.#calls.ownerOf(key)
  }

  /** The items of one span in order, page by page. */
  async *spanPages(
    { hashKey, interval }: Span,
    reading: SpanReading,
    options?: CallOptions,
  ): AsyncGenerator<KeyedPage> {
    const { direction, withKeys, observer, aggregation, skipping } = reading
    const { limit = Number.POSITIVE_INFINITY, pageSize = limit } = reading
    checkLimit(reading.limit)
    let left = limit
    let first = true
    for (let rest: Span['interval'] | undefined = interval; rest !== undefined && left > 0; ) {
      const most = Math.min(left, pageSize)
      const skip = skipping?.left ?? 0
      const { result: answer }: Reply<PartitionQuery> = await this.#calls.page(
        {
          kind: 'query',
          hashKey,
          interval: rest,
          direction,
          withKeys,
          ...readingOf(reading),
          ...observing(observer, first),
          ...(aggregation === undefined ? undefined : { aggregation }),
          ...(skip === 0 ? undefined : { skip }),
          ...(Number.isFinite(most) ? { limit: most } : undefined),
        },
        options,
      )
      observer?.sawPage(hashKey, rest, direction, answer)
      first = false
      const { items, sortKeys = [], groups, skipped = 0 } = answer
      // An older partition has skipped nothing.
      const drop = answer.skipped === undefined ? Math.min(skip, items.length) : 0
      if (skipping !== undefined) skipping.left -= skipped + drop
      yield {
        hashKey,
        items: drop === 0 ? items : items.slice(drop),
        sortKeys: drop === 0 ? sortKeys : sortKeys.slice(drop),
        ...(groups === undefined ? undefined : { groups }),
      }
      left -= items.length - drop
      rest = answer.rest
    }
  }
}

const NOTHING: Seen = { items: [], intervals: [] }

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
