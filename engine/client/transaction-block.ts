import { answerGroups } from '../aggregates/answer-groups.js'
import { ChangeMaker } from '../changes/change-maker.js'
import { checkWriteSize } from '../changes/check-sizes.js'
import { Draft } from '../changes/draft.js'
import { show } from '../changes/show.js'
import { InvalidRequestError, TransactionConflictError } from '../errors.js'
import type {
  Age,
  AggregateOperation,
  AlterOperation,
  BatchGetOperation,
  Change,
  FoundItem,
  GetOperation,
  ItemKey,
  QueryOperation,
  Reading,
  Seen,
  WriteOperation,
  WriteResult,
} from '../operations.js'
import type { CheckItem, Millis } from '../ports.js'
import { DEFAULT_SETTINGS, type Limits } from '../settings.js'
import { decodeItem, type ItemText } from '../values/item-text.js'
import type { Item } from '../values/value.js'
import { changeOf, keysToAlter, ORDER_OF_KEYS } from './alter.js'
import { type BlockCalls, BlockReader } from './block-reader.js'
import type { TransactionPlan } from './client.js'
import { HeldGroups } from './held-groups.js'
import { KnownItems } from './known-items.js'
import { checkWindow, compareKeys, reachOf } from './order.js'
import type { CallOptions } from './partition-calls.js'
import { WriteBuffer, writes } from './write-buffer.js'

/** What a transaction begins with. */
export interface BlockOptions {
  /** Whether writes are refused. */
  readonly readOnly?: boolean | undefined
  /** Of the first attempt, when this is not that one. */
  readonly age?: Age | undefined
  /** Whether what it reads is to stay as it is for a moment. */
  readonly reserves?: boolean | undefined
  /** Of items and keys: a statement that breaks them is refused at once. */
  readonly limits?: Limits | undefined
  /** What updates and upserts must come to, where anybody minds: what does not is refused at its statement. */
  readonly checkItem?: CheckItem | undefined
}

/** How a transaction reaches partitions. */
export interface BlockStore extends BlockCalls {
  transact(plan: TransactionPlan): Promise<unknown>
  validate(seen: Seen, age: Age | undefined): Promise<void>
  /** The age of a transaction that begins now. */
  newAge(): Age
  /** The time, by which what the transaction has written itself ends. */
  now(): Millis
}

/** The state of a transaction's writes, to come back to. */
export interface BlockSavepoint {
  readonly buffer: WriteBuffer
}

/** A change that is only drafted has no version yet. */
const NO_VERSION = 0

/**
 * An interactive transaction. Reads go out at once and are remembered with what they saw; writes wait, where
 * later reads see them. The commit sends everything once: it is done if all that was seen is still so.
 *
 * Whoever begins one, commits or abandons it; nothing is held at any partition meanwhile, so forgetting it is
 * abandoning it. After a conflict the transaction fails with that error whatever is asked of it.
 */
export class TransactionBlock {
  /** Retries of a transaction set this to the first attempt's, before the commit. */
  age: Age | undefined
  /**
   * Whether what it reads is to stay as it is for a moment, which makes others wait: for a transaction of some
   * age that has tried several times.
   */
  reserves: boolean
  readonly #store: BlockStore
  readonly #readOnly: boolean
  readonly #limits: Limits
  readonly #checkItem: CheckItem | undefined
  readonly #known = new KnownItems()
  readonly #reader: BlockReader
  #buffer: WriteBuffer
  #running = 0
  #over = false
  #conflict: TransactionConflictError | undefined

  constructor(store: BlockStore, options: BlockOptions) {
    const { readOnly = false, age, reserves = false, limits = DEFAULT_SETTINGS.limits } = options
    this.age = age
    this.reserves = reserves
    this.#store = store
    this.#readOnly = readOnly
    this.#limits = limits
    this.#checkItem = options.checkItem
    this.#buffer = new WriteBuffer(this.#known, () => store.now())
    this.#reader = new BlockReader(
      store,
      this.#known,
      () => this.#buffer,
      () =>
        this.age === undefined || !this.reserves ? undefined : { age: this.age, writes: !this.#readOnly },
    )
  }

  /** One item, with the transaction's own writes. What it has written and not committed has the version 0. */
  get({ key, ...reading }: GetOperation, options?: CallOptions): Promise<FoundItem | null> {
    return this.#run(async () => (await this.#find([key], reading, options))[0] ?? null)
  }

  /** In the order that the operation wants, without those that are not there. */
  batchGet(
    { keys, order, limit, offset, ...reading }: BatchGetOperation,
    options?: CallOptions,
  ): Promise<FoundItem[]> {
    return this.#run(async () => {
      checkWindow({ limit, offset })
      const sorted = [...keys].sort((left, right) => compareKeys(order, left, right))
      const found = await this.#find(sorted, reading, options)
      return found.filter((item) => item !== null).slice(offset, reachOf({ limit, offset }))
    })
  }

  /** All items that the query finds, in its order. */
  query(operation: QueryOperation, options?: CallOptions): Promise<ItemText[]> {
    return this.#run(() => this.#reader.query(operation, options))
  }

  /** The same page by page: what no page has come to, has not been looked at. */
  async *pages(
    operation: QueryOperation,
    paging: { readonly pageSize?: number } = {},
    options?: CallOptions,
  ): AsyncGenerator<readonly ItemText[]> {
    const pages = this.#reader.pages(operation, paging, options)
    for (;;) {
      const { done, value } = await this.#run(() => pages.next())
      if (done === true) return
      yield value
    }
  }

  /** What the items come to, group by group, with the transaction's own writes. */
  aggregate(operation: AggregateOperation, options?: CallOptions): Promise<Item[]> {
    return this.#run(async () => {
      const { spans, filter } = operation
      const groups = new HeldGroups(operation)
      const query = { kind: 'query', spans, order: ORDER_OF_KEYS, ...(filter && { filter }) } as const
      for (const item of await this.#reader.query(query, options)) groups.add(decodeItem(item))
      return answerGroups(groups.rows(), operation)
    })
  }

  /**
   * Drafts a change of all items of intervals that pass, the transaction's own writes among them.
   *
   * @throws {LimitError} when they are more than a statement changes.
   */
  alter(operation: AlterOperation, options?: CallOptions): Promise<WriteResult> {
    return this.#run(async () => {
      this.#checkWrites()
      const keys = await keysToAlter(operation, (span, reading) =>
        this.#reader.spanPages(span, reading, options),
      )
      const { returning } = operation
      const changes = keys.map((key) => changeOf(operation, key))
      if (changes.length === 0) return { changes: [] }
      return this.#write({ kind: 'write', changes, ...(returning && { returning }) }, options)
    })
  }

  /**
   * Drafts the changes, all or none, and says what becomes of them: the commit makes that true, or fails.
   *
   * @throws {ConstraintError} when an insert meets an item.
   * @throws {ValidationError} when an update makes of an item what it may not be.
   * @throws {LimitError} when this, or all that is written so far, is too much.
   */
  write(operation: WriteOperation, options?: CallOptions): Promise<WriteResult> {
    return this.#run(() => this.#write(operation, options))
  }

  async #write(
    { changes, returning }: WriteOperation,
    options: CallOptions | undefined,
  ): Promise<WriteResult> {
    this.#checkWrites()
    checkWriteSize(changes, this.#limits)
    await this.#learnFor(changes, options)
    // Kysely has told its caller already that the statement was aborted: it must not be committed.
    options?.signal?.throwIfAborted()
    const statement = new Draft(this.#buffer.draft, () => this.#store.now())
    const maker = new ChangeMaker({
      items: statement,
      tick: () => NO_VERSION,
      token: 0,
      limits: this.#limits,
      checkItem: this.#checkItem,
      returning,
    })
    try {
      const results = changes.map((change, i) => maker.make(change, i))
      this.#buffer = this.#buffer.with(changes, results, statement.writes())
      // What came of a row tells what it was before.
      if (returning !== undefined) this.#tellOf(changes.filter((_, i) => results[i]?.made))
      return { changes: results }
    } catch (error) {
      // An error tells more than a row count does, and no change goes to the commit to be counted again.
      this.#tellOf(changes)
      throw error
    }
  }

  /** What was read since stays read when the transaction comes back here: it has been told. */
  savepoint(): BlockSavepoint {
    this.#checkOpen()
    return { buffer: this.#buffer }
  }

  /** Forgets the writes since. */
  rollbackTo({ buffer }: BlockSavepoint): void {
    this.#checkOpen()
    for (const key of this.#buffer.keysSince(buffer)) this.#known.read(key)
    this.#buffer = buffer
  }

  /**
   * Ends the transaction, whatever comes of it. One call to a partition, or none when there is nothing to change
   * and all that was read came in one answer; of what was only read, one call to each partition it is in.
   *
   * @throws {TransactionConflictError} when something is not as it was seen. Nothing is done then.
   * @throws {OutcomeUnknownError} when nobody can say whether it is done.
   */
  async commit(): Promise<void> {
    this.#checkOpen()
    this.#over = true
    if (this.#running > 0) {
      throw new InvalidRequestError(
        'a query is still running, so nothing is committed: await every query of the transaction',
      )
    }
    const changes = this.#buffer.changes()
    try {
      if (changes.some(writes)) {
        await this.#store.transact({
          seen: this.#known.seen(),
          changes,
          refusals: 'conflict',
          age: this.age,
        })
        return
      }
      // Nothing to write: what the changes were told is so as long as their rows are as they were.
      this.#tellOf(changes.map(({ change }) => change))
      if (!this.#known.isOfOneMoment) await this.#store.validate(this.#known.seen(), this.age)
    } catch (error) {
      throw this.#dated(error)
    }
  }

  /** Ends the transaction without a trace. */
  abandon(): void {
    this.#over = true
  }

  async #find(
    keys: readonly ItemKey[],
    reading: Reading,
    options: CallOptions | undefined,
  ): Promise<(FoundItem | null)[]> {
    await this.#reader.learn(
      keys.filter((key) => this.#buffer.draft.drafted(key) === undefined),
      options,
    )
    return keys.map((key) => {
      this.#known.read(key)
      const found = this.#buffer.draft.get(key)
      const item = found && show(found.item, reading)
      return found === undefined || item === undefined ? null : { item, version: found.version }
    })
  }

  /** Reads what must be known to say what the changes come to. */
  async #learnFor(changes: readonly Change[], options: CallOptions | undefined): Promise<void> {
    for (const change of changes) {
      if (!('aloneIn' in change) || change.aloneIn === undefined) continue
      // Two rows are enough to see that one is another, if the statement deletes none of them before.
      const span = { hashKey: change.key.hashKey, interval: change.aloneIn }
      const reading = { direction: 'ascending', limit: 2 + changes.length } as const
      for await (const _ of this.#reader.spanPages(span, reading, options));
    }
    await this.#reader.learn(
      changes
        .filter((change) => change.kind !== 'put' || change.condition !== undefined)
        .map(({ key }) => key)
        .filter((key) => this.#buffer.draft.drafted(key) === undefined),
      options,
    )
  }

  #tellOf(changes: readonly Change[]): void {
    for (const { key } of changes) this.#known.read(key)
  }

  /** A conflict says how old its transaction is, so that the next attempt is as old. */
  #dated(error: unknown): unknown {
    if (error instanceof TransactionConflictError && error.details.age === undefined) {
      Object.assign(error.details, { age: this.age ?? this.#store.newAge() })
    }
    return error
  }

  #checkWrites(): void {
    if (!this.#readOnly) return
    throw new InvalidRequestError("a transaction with the access mode 'read only' writes nothing")
  }

  #checkOpen(): void {
    if (this.#conflict !== undefined) throw this.#conflict
    if (this.#over) throw new InvalidRequestError('the transaction is over: it was committed or rolled back')
  }

  /** One statement. */
  async #run<T>(statement: () => Promise<T>): Promise<T> {
    this.#checkOpen()
    this.#running++
    try {
      const result = await statement()
      this.#checkOpen()
      return result
    } catch (error) {
      if (error instanceof TransactionConflictError) this.#conflict = error
      throw this.#dated(error)
    } finally {
      this.#running--
    }
  }
}
