import { type CallOptions, Client } from './client/client.js'
import { assert, ConditionFailedError, InvalidRequestError, InvalidValueError } from './errors.js'
import type { Expression } from './expressions/expression.js'
import { type Interval, intersect, tuplesUnder } from './keys/interval.js'
import { decodeKey, encodeKey, type KeyPart } from './keys/key-codec.js'
import type { Change, ChangeResult, FoundItem, ItemKey, Version } from './operations.js'
import {
  BINDINGS,
  type BindingNames,
  requireBindings,
  workerClock,
  workerPeers,
  workerRandom,
} from './runtime/worker-ports.js'
import { refuseUnknownOptions, resolveSettings, type SettingsOptions } from './settings.js'
import { checkDatabaseName } from './topology/partition-name.js'
import { decodeItem, encodeItem, type ItemText } from './values/item-text.js'
import { type Item, isPlainObject } from './values/value.js'

/** One part of a key, or several in order. */
export type KeyOf = KeyPart | readonly KeyPart[]

/** Where an item is. Items of one hash key live together, in the order of their sort keys. */
export interface StoreKey {
  readonly hashKey: KeyOf
  /** Nothing when the hash key has one item. */
  readonly sortKey?: KeyOf
}

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

const QUERY_FIELDS = ['hashKey', 'prefix', 'from', 'after', 'to', 'before', 'descending', 'limit', 'filter']

const CALL_FIELDS = ['signal']
const CONDITIONAL_FIELDS = ['condition', ...CALL_FIELDS]

/** What a conditional write takes. */
export interface Conditional extends CallOptions {
  /** Nothing is written unless this holds for the item that is there. Columns of an absent item are null. */
  readonly condition?: Expression
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
  const { database = 'main', bindings = {}, ...settings } = options
  refuseUnknownOptions('bindings', bindings, BINDINGS)
  const ports = {
    peers: workerPeers(requireBindings(env, bindings)),
    clock: workerClock,
    random: workerRandom,
  }
  return new Store(
    new Client(ports, { database: checkDatabaseName(database), settings: resolveSettings(settings) }),
  )
}

/** Made by {@link openStore}. Every call can throw {@link UnavailableError} and, if it writes, {@link OutcomeUnknownError}. */
export class Store {
  readonly #client: Client

  /** @internal */
  constructor(client: Client) {
    this.#client = client
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

  /** Writes an item, whatever was there. @throws {ConditionFailedError} when the condition does not hold. */
  async put(key: StoreKey, value: Item, conditional: Conditional = {}): Promise<Version> {
    refuseUnknown('put', conditional, CONDITIONAL_FIELDS)
    const { condition, ...options } = conditional
    const item = itemText(value)
    return made(await this.#change({ kind: 'put', key: itemKey(key), item, ...when(condition) }, options))
      .version
  }

  /** Writes an item where none is. @throws {ConstraintError} when one is. */
  async insert(key: StoreKey, value: Item, options: CallOptions = {}): Promise<Version> {
    refuseUnknown('insert', options, CALL_FIELDS)
    const item = itemText(value)
    const change: Change = { kind: 'insert', key: itemKey(key), item, onExisting: 'error' }
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
    conditional: Conditional = {},
  ): Promise<StoredValue> {
    refuseUnknown('update', conditional, CONDITIONAL_FIELDS)
    const { condition, ...options } = conditional
    const assignments = Object.entries(set).map(([column, value]) => ({ column, value }))
    const result = made(
      await this.#change(
        { kind: 'update', key: itemKey(key), assignments, ...when(condition) },
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
  async *query(
    query: StoreQuery,
    options: CallOptions = {},
  ): AsyncGenerator<{ sortKey: KeyPart[]; value: Item }> {
    refuseUnknown('query', query, QUERY_FIELDS)
    refuseUnknown('query', options, CALL_FIELDS)
    const { hashKey, descending = false, limit, filter } = query
    const pages = this.#client.spanPages(
      { hashKey: encodeKey(parts(hashKey)), interval: queryInterval(query) },
      {
        direction: descending ? 'descending' : 'ascending',
        withKeys: true,
        ...(limit === undefined ? undefined : { limit }),
        ...(filter === undefined ? undefined : { filter }),
      },
      options,
    )
    for await (const { items, sortKeys } of pages) {
      for (let i = 0; i < items.length; i++) {
        yield { sortKey: decodeKey(sortKeys[i] as Uint8Array), value: decodeItem(items[i] as ItemText) }
      }
    }
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

/** @throws {InvalidRequestError} for a field that is not `known`: a misspelt condition must not be none. */
function refuseUnknown(call: string, options: object, known: readonly string[]): void {
  const name = Object.keys(options).find((field) => !known.includes(field))
  if (name === undefined) return
  throw new InvalidRequestError(`${call}: there is no "${name}" here; there are ${known.join(', ')}`, {
    field: name,
  })
}

/** @throws {InvalidValueError} for what is no object of columns. */
function itemText(value: Item): ItemText {
  if (typeof value === 'object' && value !== null && isPlainObject(value)) return encodeItem(value)
  throw new InvalidValueError('an item is a plain object of columns: put other values into a column')
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

function parts(key: KeyOf): readonly KeyPart[] {
  return Array.isArray(key) ? key : [key as KeyPart]
}

function itemKey({ hashKey, sortKey = [] }: StoreKey): ItemKey {
  return { hashKey: encodeKey(parts(hashKey)), sortKey: encodeKey(parts(sortKey)) }
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
