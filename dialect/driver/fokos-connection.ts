import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { CallOptions, Client } from '../../engine/client/client.js'
import type { WriteResult } from '../../engine/operations.js'
import { decodeItem, type ItemText } from '../../engine/values/item-text.js'
import type { CompiledOperation } from '../compiler/statement.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { nameInError } from './name-in-error.js'
import { statementOf } from './statement-of.js'

/** How Kysely 0.29 passes an abort signal; Kysely 0.28 passes nothing. */
interface ExecuteOptions {
  readonly signal?: AbortSignal | undefined
}

/** Runs compiled queries. Holds nothing open, so it needs no closing. */
export class FokosConnection implements DatabaseConnection {
  readonly #client: Client
  readonly #schema: DatabaseSchema

  constructor(client: Client, schema: DatabaseSchema) {
    this.#client = client
    this.#schema = schema
  }

  async executeQuery<R>(query: CompiledQuery<unknown>, options?: ExecuteOptions): Promise<QueryResult<R>> {
    const { table, operation } = statementOf(query, this.#schema)
    try {
      return (await this.#run(operation, callOptions(options))) as QueryResult<R>
    } catch (error) {
      throw nameInError(error, table, operation)
    }
  }

  /** A page of `chunkSize` rows at a time; the next is read when the one before it was taken. */
  async *streamQuery<R>(
    query: CompiledQuery<unknown>,
    chunkSize = 100,
    options?: ExecuteOptions,
  ): AsyncIterableIterator<QueryResult<R>> {
    const { table, operation } = statementOf(query, this.#schema)
    try {
      if (operation.kind !== 'query') {
        yield (await this.#run(operation, callOptions(options))) as QueryResult<R>
        return
      }
      for await (const items of this.#client.pages(
        operation,
        { pageSize: chunkSize },
        callOptions(options),
      )) {
        yield { rows: decodeRows(items) } as QueryResult<R>
      }
    } catch (error) {
      throw nameInError(error, table, operation)
    }
  }

  async #run(operation: CompiledOperation, options: CallOptions): Promise<QueryResult<unknown>> {
    switch (operation.kind) {
      case 'nothing':
        return operation.writes ? { rows: [], numAffectedRows: 0n } : { rows: [] }
      case 'get': {
        const found = await this.#client.get(operation, options)
        return { rows: found === null ? [] : [decodeItem(found.item)] }
      }
      case 'batchGet': {
        const found = await this.#client.batchGet(operation, options)
        return { rows: found.map(({ item }) => decodeItem(item)) }
      }
      case 'query':
        return { rows: decodeRows(await this.#client.query(operation, options)) }
      case 'write':
        return writeResult(await this.#client.write(operation, options))
    }
  }
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
