import type { DialectAdapter } from 'kysely'
import { UnsupportedQueryError } from '../compiler/unsupported-query-error.js'

/** What Kysely may expect of this database. */
export class FokosAdapter implements DialectAdapter {
  readonly supportsCreateIfNotExists = false
  readonly supportsTransactionalDdl = false
  readonly supportsReturning = true
  readonly supportsOutput = false
  /** A connection is an object of its own that holds nothing open. */
  readonly supportsMultipleConnections = true

  /** @throws {UnsupportedQueryError} always: there is no schema to migrate. */
  async acquireMigrationLock(): Promise<void> {
    throw new UnsupportedQueryError('ddl')
  }

  async releaseMigrationLock(): Promise<void> {}
}
