import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from 'kysely'
import type { CallOptions } from '../../engine/client/client.js'
import type { BlockSavepoint, TransactionBlock } from '../../engine/client/transaction-block.js'
import { FokosError, InvalidRequestError } from '../../engine/errors.js'
import type {
  Age,
  Alteration,
  AlterOperation,
  Change,
  WriteOperation,
  WriteResult,
} from '../../engine/operations.js'
import type { Limits } from '../../engine/settings.js'
import { decodeItem, type ItemText } from '../../engine/values/item-text.js'
import type { CompiledOperation } from '../compiler/statement.js'
import { UnsupportedQueryError } from '../compiler/unsupported-query-error.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'
import type { DriverClient } from './driver-client.js'
import { explain } from './explain.js'
import { nameInError, nameRowInError } from './name-in-error.js'
import { statementOf } from './statement-of.js'

/** How Kysely 0.29 passes an abort signal; Kysely 0.28 passes nothing. */
interface ExecuteOptions {
  readonly signal?: AbortSignal | undefined
}

/** A savepoint under its name. */
interface NamedSavepoint {
  readonly name: string
  readonly savepoint: BlockSavepoint
}

/**
 * Runs compiled queries: in the transaction that was begun on it, or each for itself. Belongs to whoever
 * acquired it. When its transaction has ended, it runs no query any more: one that somebody forgot to await
 * would be written for good, outside of the transaction.
 */
export class FokosConnection implements DatabaseConnection {
  readonly #client: DriverClient
  readonly #schema: DatabaseSchema
  readonly #limits: Limits
  #block: TransactionBlock | undefined
  #savepoints: readonly NamedSavepoint[] = []

  constructor(client: DriverClient, schema: DatabaseSchema, limits: Limits) {
    this.#client = client
    this.#schema = schema
    this.#limits = limits
  }

  /** @throws {UnsupportedQueryError} for an isolation level below the one that there is. */
  begin({ isolationLevel, accessMode }: TransactionSettings): void {
    if (isolationLevel !== undefined && isolationLevel !== 'serializable') {
      throw new UnsupportedQueryError('isolation_level', { level: isolationLevel })
    }
    this.#block = this.#client.begin({
      readOnly: accessMode === 'read only',
      limits: this.#limits,
      checkItem: this.#schema.checkItem,
    })
    this.#savepoints = []
  }

  /** Whatever comes of it, the transaction is over then. */
  async commit(): Promise<void> {
    try {
      await this.#transaction.commit()
    } catch (error) {
      throw nameRowInError(error, this.#schema)
    }
  }

  /** Does nothing when the transaction is over already: Kysely rolls back after a commit that failed. */
  rollback(): void {
    this.#transaction.abandon()
  }

  /** A name may be given again: it means the newest of its savepoints then. */
  savepoint(name: string): void {
    this.#savepoints = [...this.#savepoints, { name, savepoint: this.#transaction.savepoint() }]
  }

  /** Forgets the writes since, and the savepoints. The named one stays. */
  rollbackTo(name: string): void {
    const place = this.#placeOf(name)
    this.#transaction.rollbackTo((this.#savepoints[place] as NamedSavepoint).savepoint)
    this.#savepoints = this.#savepoints.slice(0, place + 1)
  }

  /** Forgets the savepoint, and those since. */
  release(name: string): void {
    this.#savepoints = this.#savepoints.slice(0, this.#placeOf(name))
  }

  /** Makes the transaction as old as the first attempt at its work. */
  keepAge(age: Age, reserves: boolean): void {
    this.#transaction.age = age
    this.#transaction.reserves = reserves
  }

  async executeQuery<R>(query: CompiledQuery<unknown>, options?: ExecuteOptions): Promise<QueryResult<R>> {
    const { table, operation } = statementOf(query, this.#schema)
    try {
      return (await this.#run(operation, table, callOptions(options))) as QueryResult<R>
    } catch (error) {
      throw nameInError(error, table, operation, this.#schema)
    }
  }

  /**
   * A page of `chunkSize` rows at a time; the next is read when the one before it was taken.
   *
   * @throws {UnsupportedQueryError} in a transaction: Kysely would let no other query of it begin before the
   * stream has ended, so that one in the stream's loop waits for itself. No dialect is told of a query that waits.
   * And a full scan is not of one moment.
   */
  async *streamQuery<R>(
    query: CompiledQuery<unknown>,
    chunkSize = 100,
    options?: ExecuteOptions,
  ): AsyncIterableIterator<QueryResult<R>> {
    const { table, operation } = statementOf(query, this.#schema)
    if (this.#block !== undefined) {
      throw new UnsupportedQueryError(
        operation.kind === 'scan' ? 'scan_in_transaction' : 'stream_in_transaction',
      )
    }
    try {
      for await (const page of this.#pages(operation, table, chunkSize, callOptions(options))) {
        yield page as QueryResult<R>
      }
    } catch (error) {
      throw nameInError(error, table, operation, this.#schema)
    }
  }

  /** Of a full scan, a page says beside its rows where to go on: null behind the last. */
  async *#pages(
    operation: CompiledOperation,
    table: TableSchema,
    pageSize: number,
    options: CallOptions,
  ): AsyncGenerator<QueryResult<unknown> & { readonly cursor?: string | null }> {
    switch (operation.kind) {
      case 'query':
        for await (const items of this.#client.pages(operation, { pageSize }, options)) {
          yield { rows: decodeRows(items) }
        }
        return
      case 'scan': {
        const { kind: _, ...scan } = operation
        for await (const { items, cursor } of this.#client.scan({ ...scan, pageSize }, options)) {
          yield { rows: items.map(({ item }) => decodeItem(item)), cursor: cursor ?? null }
        }
        return
      }
      case 'nothing':
        yield { rows: [], cursor: null }
        return
      default:
        yield await this.#run(operation, table, options)
    }
  }

  async #run(
    operation: CompiledOperation,
    table: TableSchema,
    options: CallOptions,
  ): Promise<QueryResult<unknown>> {
    const store = this.#block ?? this.#client
    switch (operation.kind) {
      case 'nothing':
        return operation.writes ? { rows: [], numAffectedRows: 0n } : { rows: [] }
      case 'get': {
        const found = await store.get(operation, options)
        return { rows: found === null ? [] : [decodeItem(found.item)] }
      }
      case 'batchGet': {
        const found = await store.batchGet(operation, options)
        return { rows: found.map(({ item }) => decodeItem(item)) }
      }
      case 'query':
        return { rows: decodeRows(await store.query(operation, options)) }
      case 'aggregate':
        return { rows: await store.aggregate(operation, options) }
      case 'write':
        return writeResult(await writeOrAlter(store, operation, options))
      case 'alter':
        return writeResult(await store.alter(operation, options))
      case 'explain':
        return { rows: await explain(operation.operation, table, this.#client, options) }
      case 'scan':
        throw new InvalidRequestError('a full scan is read page by page')
    }
  }

  get #transaction(): TransactionBlock {
    if (this.#block === undefined) throw new InvalidRequestError('there is no transaction on this connection')
    return this.#block
  }

  #placeOf(name: string): number {
    const place = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    if (place < 0) throw new InvalidRequestError(`there is no savepoint called ${name}`)
    return place
  }
}

/**
 * Changes rows of a table that may have no sort key: each is the only one of its hash key, and one call changes it. If
 * it is not, the statement is about all rows of the hash key.
 */
async function writeOrAlter(
  store: Pick<DriverClient, 'write' | 'alter'>,
  operation: WriteOperation,
  options: CallOptions,
): Promise<WriteResult> {
  try {
    return await store.write(operation, options)
  } catch (error) {
    const alteration = alterationOf(operation)
    if (alteration === undefined || !(error instanceof FokosError && error.details.others === true))
      throw error
    return store.alter(alteration, options)
  }
}

/** The same change, of all rows that there are in the intervals in which each row would be alone. */
function alterationOf({ changes, returning }: WriteOperation): AlterOperation | undefined {
  const [first] = changes
  if (first === undefined) return undefined
  const spans = changes.flatMap((change) =>
    'aloneIn' in change && change.aloneIn !== undefined
      ? [{ hashKey: change.key.hashKey, interval: change.aloneIn }]
      : [],
  )
  const alteration = alterationIn(first)
  if (alteration === undefined || spans.length < changes.length) return undefined
  const filter = 'condition' in first ? first.condition : undefined
  return {
    kind: 'alter',
    spans,
    alteration,
    ...(filter === undefined ? undefined : { filter }),
    ...(returning === undefined ? undefined : { returning }),
  }
}

function alterationIn(change: Change): Alteration | undefined {
  if (change.kind === 'delete') return { kind: 'delete' }
  if (change.kind !== 'update') return undefined
  const { kind, assignments, expiresAt } = change
  return { kind, assignments, ...(expiresAt === undefined ? undefined : { expiresAt }) }
}

function writeResult({ changes }: WriteResult): QueryResult<unknown> {
  const made = changes.filter((change) => change.made)
  return {
    rows: made.flatMap(({ item }) => (item === undefined ? [] : [decodeItem(item)])),
    numAffectedRows: BigInt(made.length),
  }
}

function decodeRows(items: readonly ItemText[]): unknown[] {
  return items.map(decodeItem)
}

function callOptions(options: ExecuteOptions | undefined): CallOptions {
  return { signal: options?.signal }
}
