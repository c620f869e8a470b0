import type { DatabaseConnection, Driver } from 'kysely'
import type { Client } from '../../engine/client/client.js'
import { UnsupportedQueryError } from '../compiler/unsupported-query-error.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { FokosConnection } from './fokos-connection.js'

/** Hands out connections, which are cheap: each is an object that knows the client. */
export class FokosDriver implements Driver {
  readonly #client: () => Client
  readonly #schema: DatabaseSchema

  /** @param client throws when there is nothing to execute with. */
  constructor(client: () => Client, schema: DatabaseSchema) {
    this.#client = client
    this.#schema = schema
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new FokosConnection(this.#client(), this.#schema)
  }

  /** @throws {UnsupportedQueryError} always, for now. */
  async beginTransaction(): Promise<void> {
    throw new UnsupportedQueryError('transaction')
  }

  async commitTransaction(): Promise<void> {
    throw new UnsupportedQueryError('transaction')
  }

  async rollbackTransaction(): Promise<void> {
    throw new UnsupportedQueryError('transaction')
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
