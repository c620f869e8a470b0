import type { DatabaseConnection, Driver, TransactionSettings } from 'kysely'
import type { Limits } from '../../engine/settings.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import type { DriverClient } from './driver-client.js'
import { FokosConnection } from './fokos-connection.js'

/** Hands out connections, which are cheap: each is an object that knows the client. */
export class FokosDriver implements Driver {
  readonly #client: () => DriverClient
  readonly #schema: DatabaseSchema
  readonly #limits: Limits

  /** @param client throws when there is nothing to execute with. */
  constructor(client: () => DriverClient, schema: DatabaseSchema, limits: Limits) {
    this.#client = client
    this.#schema = schema
    this.#limits = limits
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new FokosConnection(this.#client(), this.#schema, this.#limits)
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    ours(connection).begin(settings)
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).commit()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    ours(connection).rollback()
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    ours(connection).savepoint(name)
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    ours(connection).rollbackTo(name)
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    ours(connection).release(name)
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

/** Kysely gives back what {@link FokosDriver.acquireConnection} made. */
function ours(connection: DatabaseConnection): FokosConnection {
  return connection as FokosConnection
}
