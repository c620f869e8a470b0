import type { Storage } from '../ports.js'

/** The number of this way to lay out a partition's tables; stored, and checked before anything is read. */
export const STORAGE_FORMAT = 2
/** Formats whose tables {@link addTables} makes complete. */
export const OLDER_FORMATS: readonly unknown[] = [1]

/**
 * A row of `items` that is larger than this would spill into overflow pages, since tables without rowid keep
 * at most a quarter of a page (4,096 bytes) in place. Larger values lie in `large_values`.
 */
const MAX_INLINE_BYTES = 950

/**
 * - `items` holds one row per item. `value` is the item's text, or null when it lies in `large_values` under
 *   this row's version. `token` names the write that made the row.
 * - The triggers hold the two together: a large value is gone when no item has its version any more, whatever
 *   statement took it away, so that a write needs no read before it.
 * - `facts` are single values by name: the storage format, the pinned settings, the clock's upper bound.
 * - `parts` are what transactions have locked here and would write, until they end. `transactions` says of
 *   transactions whose home is here what became of them. Long ones are in several chunks. Both are kept by the
 *   hash key that they belong to, as items are.
 */
const TABLES = [
  `CREATE TABLE items (
    hash_key BLOB NOT NULL,
    sort_key BLOB NOT NULL,
    version INTEGER NOT NULL,
    token INTEGER NOT NULL,
    value TEXT,
    PRIMARY KEY (hash_key, sort_key)
  ) WITHOUT ROWID`,
  'CREATE TABLE large_values (version INTEGER PRIMARY KEY, value TEXT NOT NULL)',
  `CREATE TRIGGER large_value_replaced AFTER UPDATE OF version ON items WHEN old.value IS NULL
   BEGIN DELETE FROM large_values WHERE version = old.version; END`,
  `CREATE TRIGGER large_value_deleted AFTER DELETE ON items WHEN old.value IS NULL
   BEGIN DELETE FROM large_values WHERE version = old.version; END`,
  'CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID',
] as const

/** What came with format 2. */
const TRANSACTION_TABLES = [
  `CREATE TABLE parts (
    hash_key BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (hash_key, attempt, chunk)
  ) WITHOUT ROWID`,
  `CREATE TABLE transactions (
    hash_key BLOB NOT NULL,
    id INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (hash_key, id, chunk)
  ) WITHOUT ROWID`,
] as const

export function createTables(storage: Storage): void {
  for (const statement of TABLES) storage.run(statement)
  addTables(storage)
}

/** Makes the tables that an older format does not have. */
export function addTables(storage: Storage): void {
  for (const statement of TRANSACTION_TABLES) storage.run(statement)
}

export function tablesExist(storage: Storage): boolean {
  for (const _ of storage.rows("SELECT 1 FROM sqlite_master WHERE name = 'facts'")) return true
  return false
}

/** Whether an item's value stays in its row. All sizes in bytes. */
export function fitsInline(hashKeyBytes: number, sortKeyBytes: number, valueBytes: number): boolean {
  return hashKeyBytes + sortKeyBytes + valueBytes <= MAX_INLINE_BYTES
}
