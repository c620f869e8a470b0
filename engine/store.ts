import { askKeeper } from './client/ask-keeper.js'
import { type CallOptions, Client, type Location } from './client/client.js'
import type { Observer } from './client/read-together.js'
import { assert, ConditionFailedError } from './errors.js'
import type { Expression } from './expressions/expression.js'
import { type Interval, intersect, tuplesUnder } from './keys/interval.js'
import { decodeKey, encodeKey, type KeyPart } from './keys/key-codec.js'
import type {
  Change,
  ChangeResult,
  FoundItem,
  KeeperOperation,
  KeeperStatus,
  PartitionDescription,
  Version,
} from './operations.js'
import { BINDINGS, type BindingNames, requireBindings } from './runtime/bindings.js'
import { knownTree } from './runtime/known-tree.js'
import { workerClock, workerKeeper, workerPeers, workerRandom } from './runtime/worker-ports.js'
import { refuseUnknownOptions, resolveSettings, type SettingsOptions } from './settings.js'
import { expires, itemKey, itemText, type KeyOf, parts, refuseUnknown, type StoreKey } from './store-key.js'
import { checkDatabaseName } from './topology/partition-name.js'
import {
  checkCount,
  placeReasons,
  planItems,
  type TransactWriteItem,
  type TransactWriteOptions,
  tokenNumber,
} from './transact.js'
import { decodeItem } from './values/item-text.js'
import type { Item } from './values/value.js'

/** An item that was found. `value` is the caller's own. */
export interface StoredValue {
  readonly value: Item
  /** Rises with every write of the item, also when it was deleted in between. */
  readonly version: Version
}

/**
 * Which items of one hash key a query reads, and in which order. Without bounds: all of them.
 *
 * @example
 * { hashKey: 'cart-7', prefix: 'line', from: 3, before: 6 } // sort keys ['line', 3] to ['line', 5, …]
 */
export interface StoreQuery {
  /** The hash key whose items are read: there is no query over several. */
  readonly hashKey: KeyOf
  /** What the sort keys start with. Bounds below are what comes behind it. */
  readonly prefix?: KeyOf
  /** From this one on, it included. */
  readonly from?: KeyOf
  /** Behind this one and all that start with it. */
  readonly after?: KeyOf
  /** Up to this one, it and all that start with it included. */
  readonly to?: KeyOf
  /** Up to this one, without it. */
  readonly before?: KeyOf
  /** From the last sort key to the first. Default `false`. */
  readonly descending?: boolean
  /** At least 1. Counts items that pass the filter. Default: no limit. */
  readonly limit?: number
  /** Only items that it holds for are sent. The partition reads the others too. */
  readonly filter?: Expression
}

/** An item that a query found. */
export interface QueriedValue {
  readonly sortKey: KeyPart[]
  readonly value: Item
}

/**
 * What a scan reads. Without anything: all items.
 *
 * @example
 * { segment: 0, segments: 4, pageSize: 100 } // the first quarter of the roots
 */
export interface StoreScan {
  /** Which of several segments, from 0: they can be scanned side by side. Default 0. */
  readonly segment?: number
  /** How many segments there are: at most as many as the database has roots. Default 1. */
  readonly segments?: number
  /** As it came with a page: goes on behind that, with the same options. */
  readonly cursor?: string
  /** Items of a page at most. Default 500. */
  readonly pageSize?: number
  /** What the sort keys start with. */
  readonly prefix?: KeyOf
  /** Only items that it holds for are sent. Partitions read the others too. */
  readonly filter?: Expression
}

/** Some of the items; there may be none on a page that is not the last. */
export interface StoreScanPage {
  readonly items: readonly ScannedValue[]
  /** To go on behind this page, now or later and elsewhere; nothing on the last. */
  readonly cursor?: string
}

/** An item that a scan came to. */
export interface ScannedValue {
  readonly hashKey: KeyPart[]
  readonly sortKey: KeyPart[]
  readonly value: Item
}

/** What a transaction reads: an item, or the items of an interval. */
export type TransactReadItem =
  | { readonly kind: 'get'; readonly key: StoreKey }
  | { readonly kind: 'query'; readonly query: StoreQuery }

/** What {@link Store.transactRead} answers to an item. */
export type TransactReadResult<R extends TransactReadItem> = R['kind'] extends 'get'
  ? StoredValue | null
  : QueriedValue[]

const QUERY_FIELDS = ['hashKey', 'prefix', 'from', 'after', 'to', 'before', 'descending', 'limit', 'filter']

const SCAN_FIELDS = ['segment', 'segments', 'cursor', 'pageSize', 'prefix', 'filter']

const CALL_FIELDS = ['signal']
const CONDITIONAL_FIELDS = ['condition', ...CALL_FIELDS]
const EXPIRING_FIELDS = ['expiresAt', ...CALL_FIELDS]
const EXPIRING_CONDITIONAL_FIELDS = ['expiresAt', ...CONDITIONAL_FIELDS]

/** What a conditional write takes. */
export interface Conditional extends CallOptions {
  /** Nothing is written unless this holds for the item that is there. Columns of an absent item are null. */
  readonly condition?: Expression
}

/** What a write takes that makes an item which ends by itself. */
export interface Expires {
  /**
   * The column that says when: it holds a Date, or null for never, and from then on the item is not there. An item
   * that is put or inserted without this does not end; one that is updated without this ends when it would have.
   */
  readonly expiresAt?: string
}

/**
 * Which database a store opens. `roots` and `fanout` must be those that its data was written with; limits on
 * sizes are those of the Durable Object classes.
 */
export interface StoreOptions extends Pick<SettingsOptions, 'roots' | 'fanout'> {
  /** Which of several databases in the same namespaces. Default `'main'`. */
  readonly database?: string
  /** Other names for the bindings, by their usual names. */
  readonly bindings?: BindingNames
}

/**
 * The engine by itself, without Kysely: items by key, as they were put.
 *
 * A dialect's rows are items too: their hash key is the table's, and their sort key begins with its name.
 *
 * @throws {ConfigurationError} for a missing binding or an unknown option.
 * @example
 * const store = openStore(env)
 * await store.put({ hashKey: 'cart-7', sortKey: ['line', 1] }, { sku: 'A-100', count: 2 })
 * await store.update({ hashKey: 'cart-7', sortKey: ['line', 1] }, { count: calculate(column('count'), '+', 1) })
 */
export function openStore(env: object, options: StoreOptions = {}): Store {
  refuseUnknownOptions('openStore', options, ['database', 'bindings', 'roots', 'fanout'])
  const { database = 'main', bindings = {}, ...pinned } = options
  refuseUnknownOptions('bindings', bindings, BINDINGS)
  const bound = requireBindings(env, bindings)
  const settings = resolveSettings(pinned)
  const known = knownTree(bound, checkDatabaseName(database), settings)
  const ports = { peers: workerPeers(bound), clock: workerClock, random: workerRandom }
  const keeper = workerKeeper(bound, database)
  return new Store(new Client(ports, { database, settings, ...known }), (operation) =>
    askKeeper(keeper, settings, operation),
  )
}

/** Made by {@link openStore}. Every call can throw {@link UnavailableError} and, if it writes, {@link OutcomeUnknownError}. */
export class Store {
  readonly #client: Client

  readonly #askKeeper: (operation: KeeperOperation) => Promise<KeeperStatus>

  /** @internal */
  constructor(client: Client, askKeeper: (operation: KeeperOperation) => Promise<KeeperStatus>) {
    this.#client = client
    this.#askKeeper = askKeeper
  }

  /** One item, or null. */
  async get(key: StoreKey, options: CallOptions = {}): Promise<StoredValue | null> {
    refuseUnknown('get', options, CALL_FIELDS)
    const found = await this.#client.get({ kind: 'get', key: itemKey(key) }, options)
    return storedValue(found)
  }

  /** Several items, in the order of the keys; null for those that are not there. */
  async getMany(keys: readonly StoreKey[], options: CallOptions = {}): Promise<(StoredValue | null)[]> {
    refuseUnknown('getMany', options, CALL_FIELDS)
    const found = await this.#client.findMany(keys.map(itemKey), {}, options)
    return found.map(storedValue)
  }

  /**
   * Writes an item, whatever was there.
   *
   * @throws {ConditionFailedError} when the condition does not hold.
   * @throws {InvalidValueError} when the column that says when the item ends holds something else than a Date or null.
   * @example
   * await store.put({ hashKey: 'session-7' }, { user: 'ann', ends: new Date(Date.now() + 3_600_000) }, { expiresAt: 'ends' })
   */
  async put(key: StoreKey, value: Item, conditional: Conditional & Expires = {}): Promise<Version> {
    refuseUnknown('put', conditional, EXPIRING_CONDITIONAL_FIELDS)
    const { condition, expiresAt, ...options } = conditional
    const item = itemText(value)
    const change: Change = { kind: 'put', key: itemKey(key), item, ...when(condition), ...expires(expiresAt) }
    return made(await this.#change(change, options)).version
  }

  /** Writes an item where none is. @throws {ConstraintError} when one is. */
  async insert(key: StoreKey, value: Item, expiring: CallOptions & Expires = {}): Promise<Version> {
    refuseUnknown('insert', expiring, EXPIRING_FIELDS)
    const { expiresAt, ...options } = expiring
    const item = itemText(value)
    const change: Change = {
      kind: 'insert',
      key: itemKey(key),
      item,
      onExisting: 'error',
      ...expires(expiresAt),
    }
    return made(await this.#change(change, options)).version
  }

  /**
   * Changes columns of an item that is there, each to what an expression makes of the item as it was.
   *
   * @returns the item after it.
   * @throws {ConditionFailedError} when there is no item, or the condition does not hold.
   */
  async update(
    key: StoreKey,
    set: { readonly [column: string]: Expression },
    conditional: Conditional & Expires = {},
  ): Promise<StoredValue> {
    refuseUnknown('update', conditional, EXPIRING_CONDITIONAL_FIELDS)
    const { condition, expiresAt, ...options } = conditional
    const assignments = Object.entries(set).map(([column, value]) => ({ column, value }))
    const result = made(
      await this.#change(
        { kind: 'update', key: itemKey(key), assignments, ...when(condition), ...expires(expiresAt) },
        options,
        'all',
      ),
    )
    assert(result.item !== undefined, 'an update that was made answers the item')
    return { value: decodeItem(result.item), version: result.version }
  }

  /**
   * @returns whether there was one.
   * @throws {ConditionFailedError} when there is one that the condition does not hold for.
   */
  async delete(key: StoreKey, conditional: Conditional = {}): Promise<boolean> {
    refuseUnknown('delete', conditional, CONDITIONAL_FIELDS)
    const { condition, ...options } = conditional
    const result = await this.#change({ kind: 'delete', key: itemKey(key), ...when(condition) }, options)
    return result.made || result.because === 'absent' ? result.made : made(result).made
  }

  /**
   * The items of one hash key in the order of their sort keys, read page by page as they are taken.
   *
   * @example
   * for await (const { sortKey, value } of store.query({ hashKey: 'cart-7', prefix: 'line' })) {}
   */
  async *query(query: StoreQuery, options: CallOptions = {}): AsyncGenerator<QueriedValue> {
    refuseUnknown('query', query, QUERY_FIELDS)
    refuseUnknown('query', options, CALL_FIELDS)
    for await (const page of this.#pages(query, options)) yield* page
  }

  async *#pages(
    query: StoreQuery,
    options: CallOptions,
    observer?: Observer,
  ): AsyncGenerator<readonly QueriedValue[]> {
    const { hashKey, descending = false, limit, filter } = query
    const pages = this.#client.spanPages(
      { hashKey: encodeKey(parts(hashKey)), interval: queryInterval(query) },
      {
        direction: descending ? 'descending' : 'ascending',
        withKeys: true,
        observer,
        ...(limit === undefined ? undefined : { limit }),
        ...(filter === undefined ? undefined : { filter }),
      },
      options,
    )
    for await (const { items, sortKeys } of pages) {
      yield items.map((item, i) => ({
        sortKey: decodeKey(sortKeys[i] as Uint8Array),
        value: decodeItem(item),
      }))
    }
  }

  /**
   * Writes up to 100 items, wherever they are: all of them at one moment, or none.
   *
   * @throws {ConditionFailedError}, {@link ConstraintError} or another error of the first item that was refused;
   * `details.reasons` has every item's, in order, null where there is none.
   * @throws {TransactionConflictError} when other transactions were at the same items for too long.
   * @example
   * await store.transactWrite([
   *   { kind: 'update', key: { hashKey: 'ann' }, set: { coins: calculate(column('coins'), '-', 5) },
   *     condition: compare(column('coins'), '>=', 5) },
   *   { kind: 'update', key: { hashKey: 'bob' }, set: { coins: calculate(column('coins'), '+', 5) } },
   * ])
   */
  async transactWrite(
    items: readonly TransactWriteItem[],
    { token, ...options }: TransactWriteOptions = {},
  ): Promise<void> {
    refuseUnknown('transactWrite', options, [...CALL_FIELDS, 'token'])
    const plan = {
      seen: { items: [], intervals: [] },
      changes: planItems(items),
      refusals: 'items',
      ...(token === undefined ? undefined : { token: tokenNumber(token) }),
    } as const
    try {
      await this.#client.transact(plan, options)
    } catch (error) {
      throw placeReasons(error, items.length)
    }
  }

  /**
   * Reads up to 100 items and intervals, wherever they are, all as they were at one moment.
   *
   * @returns in the order in which they were asked for: an item or null for a key, a list for a query.
   * @throws {TransactionConflictError} when they changed again and again while they were read.
   * @example
   * const [cart, lines] = await store.transactRead([
   *   { kind: 'get', key: { hashKey: 'cart-7' } },
   *   { kind: 'query', query: { hashKey: 'cart-7', prefix: 'line' } },
   * ])
   */
  async transactRead<const R extends readonly TransactReadItem[]>(
    items: R,
    options: CallOptions = {},
  ): Promise<{ -readonly [I in keyof R]: TransactReadResult<R[I]> }> {
    refuseUnknown('transactRead', options, CALL_FIELDS)
    checkCount(items.length)
    const keys = items.map((item) => (item.kind === 'get' ? itemKey(item.key) : undefined))
    const results = await this.#client.together(options, async (observer) => {
      const [found, lists] = await Promise.all([
        this.#client.find(
          keys.filter((key) => key !== undefined),
          {},
          observer,
          options,
        ),
        Promise.all(
          items.map((item) => (item.kind === 'get' ? undefined : this.#list(item.query, observer, options))),
        ),
      ])
      const next = found[Symbol.iterator]()
      return items.map((_, i) => lists[i] ?? storedValue(next.next().value ?? null))
    })
    return results as { -readonly [I in keyof R]: TransactReadResult<R[I]> }
  }

  /**
   * All items of the database, in no order, page by page. It is not one moment: each page is as it is when it is read.
   * What is there from the first page to the last comes once, also while partitions split.
   *
   * @example
   * for await (const { items, cursor } of store.scan({ pageSize: 100 })) {
   *   for (const { hashKey, sortKey, value } of items) {}
   *   // Keep `cursor`, to go on later with store.scan({ cursor }).
   * }
   */
  async *scan(scan: StoreScan = {}, options: CallOptions = {}): AsyncGenerator<StoreScanPage> {
    refuseUnknown('scan', scan, SCAN_FIELDS)
    refuseUnknown('scan', options, CALL_FIELDS)
    const { prefix, ...scanned } = scan
    const within = prefix === undefined ? {} : { within: tuplesUnder(encodeKey(parts(prefix))) }
    for await (const { items, ...rest } of this.#client.scan({ ...scanned, ...within }, options)) {
      const decoded = items.map(({ key: { hashKey, sortKey }, item }) => ({
        hashKey: decodeKey(hashKey),
        sortKey: decodeKey(sortKey),
        value: decodeItem(item),
      }))
      yield { items: decoded, ...rest }
    }
  }

  /** Every partition of the database, as it describes itself: the roots first, then what they have split into. */
  async tree(options: CallOptions = {}): Promise<PartitionDescription[]> {
    refuseUnknown('tree', options, CALL_FIELDS)
    return this.#client.tree(options)
  }

  /** Which partition serves a key, and how often the question was passed on to get there. */
  async locate(key: StoreKey, options: CallOptions = {}): Promise<Location> {
    refuseUnknown('locate', options, CALL_FIELDS)
    return this.#client.locate(itemKey(key), options)
  }

  /** What is known and published of the tree, by which Workers find partitions at once. */
  async topology(): Promise<KeeperStatus> {
    return this.#askKeeper({ kind: 'status' })
  }

  /**
   * Has the keeper of the topology ask every partition how the tree has grown, and publish what they say instead of
   * what it was told. Nothing depends on it but the number of hops: it is for a keeper whose storage was lost, or a
   * cache that was. It goes on after the answer, until {@link topology} says that it is not rebuilding any more.
   */
  async rebuildTopology(): Promise<KeeperStatus> {
    return this.#askKeeper({ kind: 'rebuild' })
  }

  async #list(query: StoreQuery, observer: Observer, options: CallOptions): Promise<QueriedValue[]> {
    refuseUnknown('query', query, QUERY_FIELDS)
    const list: QueriedValue[] = []
    for await (const page of this.#pages(query, options, observer)) {
      for (const item of page) list.push(item)
    }
    return list
  }

  async #change(change: Change, options: CallOptions, returning?: 'all'): Promise<ChangeResult> {
    const { changes } = await this.#client.write(
      { kind: 'write', changes: [change], ...(returning === undefined ? undefined : { returning }) },
      options,
    )
    const [result] = changes
    assert(result !== undefined, 'every change has a result')
    return result
  }
}

function storedValue(found: FoundItem | null): StoredValue | null {
  return found === null ? null : { value: decodeItem(found.item), version: found.version }
}

function made(result: ChangeResult): ChangeResult & { made: true } {
  if (result.made) return result
  throw new ConditionFailedError(
    result.because === 'absent' ? 'there is no item with this key' : 'the condition does not hold',
    { because: result.because },
  )
}

function when(condition: Expression | undefined): { condition?: Expression } {
  return condition === undefined ? {} : { condition }
}

function queryInterval({ prefix = [], from, after, to, before }: StoreQuery): Interval {
  const under = (key: KeyOf) => tuplesUnder(encodeKey([...parts(prefix), ...parts(key)]))
  let interval = under([])
  if (from !== undefined) interval = intersect(interval, { ...interval, from: under(from).from })
  if (after !== undefined) interval = intersect(interval, { ...interval, from: under(after).to })
  if (to !== undefined) interval = intersect(interval, { ...interval, to: under(to).to })
  if (before !== undefined) interval = intersect(interval, { ...interval, to: under(before).from })
  return interval
}
