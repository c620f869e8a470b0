import type { SqlRow, SqlValue, Storage } from '../ports.js'

/** What a partition's database takes before there is anything in it: a page for each table. */
const EMPTY_BYTES = 12 * 4_096

/** What this file needs of a Durable Object's storage. */
interface SqliteStorage {
  readonly sql: {
    readonly databaseSize: number
    exec(
      statement: string,
      ...bindings: readonly unknown[]
    ): { raw(): Iterable<readonly unknown[]>; toArray(): unknown }
  }
  transactionSync<T>(section: () => T): T
}

/**
 * The storage port over a Durable Object's SQLite database. All that is odd about its values is here and in
 * {@link SqlValue}: numbers bind as REAL (columns of INTEGER affinity turn whole ones back without loss, and
 * everything up to 2^53 reads back exactly), bytes come back as buffers, and booleans, bigints and undefined
 * must not be bound at all.
 */
export function durableObjectStorage(storage: SqliteStorage): Storage {
  return {
    *rows(statement, ...bindings) {
      for (const row of storage.sql.exec(statement, ...bindings).raw()) yield row.map(toSqlValue) as SqlRow
    },
    run(statement, ...bindings) {
      storage.sql.exec(statement, ...bindings).toArray()
    },
    // An exception alone does not undo earlier statements of a Durable Object's turn.
    atomic: (section) => storage.transactionSync(section),
    // Whole pages, those included that are free and will be used again.
    bytes: () => Math.max(0, storage.sql.databaseSize - EMPTY_BYTES),
  }
}

function toSqlValue(value: unknown): SqlValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SqlValue)
}
