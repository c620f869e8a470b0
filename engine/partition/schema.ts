import type { Storage } from '../ports.js'

/** The number of this way to lay out a partition's tables: what comes with a new one is added to older ones. */
export const STORAGE_FORMAT = 4
/**
 * The oldest format whose readers understand all that is in the tables, which is what is stored and checked before
 * anything is read. They see no more of format 4 than a column without values, as long as no item ends by itself.
 */
export const FORMAT_WITHOUT_EXPIRY = 3
/** Formats that {@link upgradeTables} makes this one. */
export const OLDER_FORMATS: readonly unknown[] = [1, 2, 3]

/**
 * A row of `items` that is larger than this would spill into overflow pages, since tables without rowid keep
 * at most a quarter of a page (4,096 bytes) in place. Larger values lie in `large_values`.
 */
const MAX_INLINE_BYTES = 950

/**
 * - `items` holds one row per item. `value` is the item's text, or null when it lies in `large_values` under
 *   this row's version. `token` names the write that made the row. `expires` says when the item ends by itself, in
 *   milliseconds since 1970, and is null where it does not. `ending` finds those that do, in that order: they are a
 *   row more to write, and the others are not.
 * - The triggers hold the two together: a large value is gone when no item has its version any more, whatever
 *   statement took it away, so that a write needs no read before it.
 * - `facts` are single values by name: the storage format, the pinned settings, the clock's upper bound.
 * - `parts` are what transactions have locked here and would write, until they end. `transactions` says of
 *   transactions whose home is here what became of them. Long ones are in several chunks. Both are kept by the
 *   hash key that they belong to, as items are. A part's `chunk` is 1,024 times its piece, and its number. A
 *   record's `sort_key` is that of the transaction's first change, and null where nobody knows.
 * - `transfers` are the sets of keys that move, or have moved, to other partitions; `changes` are the rows of
 *   those that have changed since they were copied. `promoted` are the hash keys that have range partitions.
 * - `marks` has no row, or one: how often keys have moved away. Reads ask it, so that an instance that was
 *   replaced does not serve what its successor has handed over.
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

/** What came with format 3. */
const TREE_TABLES = [
  'ALTER TABLE transactions ADD COLUMN sort_key BLOB',
  `CREATE TABLE transfers (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    key_set TEXT NOT NULL,
    state TEXT NOT NULL
  )`,
  `CREATE TABLE changes (
    transfer INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    "table" TEXT NOT NULL,
    hash_key BLOB NOT NULL,
    sort_key BLOB,
    id INTEGER,
    piece INTEGER,
    PRIMARY KEY (transfer, sequence)
  ) WITHOUT ROWID`,
  'CREATE TABLE promoted (hash_key BLOB PRIMARY KEY, partition TEXT NOT NULL) WITHOUT ROWID',
  // Without rowid, because looking for a row by its rowid counts as one read where there is none.
  'CREATE TABLE marks (id INTEGER PRIMARY KEY, mark INTEGER NOT NULL) WITHOUT ROWID',
] as const

/** What came with format 4. */
const EXPIRY_TABLES = [
  'ALTER TABLE items ADD COLUMN expires INTEGER',
  'CREATE INDEX ending ON items (expires) WHERE expires IS NOT NULL',
] as const

export function createTables(storage: Storage): void {
  for (const statement of TABLES) storage.run(statement)
  upgradeTables(storage, 1)
}

/** Makes the tables that an older format does not have. */
export function upgradeTables(storage: Storage, from: unknown): void {
  if (from === 1) for (const statement of TRANSACTION_TABLES) storage.run(statement)
  if (from === 1 || from === 2) for (const statement of TREE_TABLES) storage.run(statement)
  for (const statement of EXPIRY_TABLES) storage.run(statement)
}

export function tablesExist(storage: Storage): boolean {
  for (const _ of storage.rows("SELECT 1 FROM sqlite_master WHERE name = 'facts'")) return true
  return false
}

/** Whether an item's value stays in its row. All sizes in bytes. */
export function fitsInline(hashKeyBytes: number, sortKeyBytes: number, valueBytes: number): boolean {
  return hashKeyBytes + sortKeyBytes + valueBytes <= MAX_INLINE_BYTES
}
