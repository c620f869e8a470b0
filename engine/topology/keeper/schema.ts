import { InvalidRequestError } from '../../errors.js'
import type { Storage } from '../../ports.js'
import type { KeeperFacts } from './keeper-facts.js'

/** The number of this way to lay out a keeper's tables; stored, and checked before anything is read. */
const STORAGE_FORMAT = 1

/**
 * - `facts` are single values by name.
 * - `splits`, `promoted` and `range_splits` hold the events that were told, one row each. A hash partition's path is
 *   two bytes for the root and one for each child, so that the primary key is the order of levels; a range partition's
 *   is as its name has it, because a long one is short there. `generation` counts how often everything was built anew.
 * - `dirty` are the snapshots that are not published as they should be. `changes` counts up with each change, so that
 *   one that happens during a publication is not taken for published.
 * - `frontier` are the partitions that are still to be asked, while everything is built anew: no rows at other times.
 */
const TABLES = [
  'CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID',
  `CREATE TABLE splits (
    level INTEGER NOT NULL,
    path BLOB NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (level, path)
  ) WITHOUT ROWID`,
  'CREATE TABLE promoted (hash_key BLOB PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID',
  `CREATE TABLE range_splits (
    hash_key BLOB NOT NULL,
    path TEXT NOT NULL,
    boundary BLOB NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (hash_key, path)
  ) WITHOUT ROWID`,
  `CREATE TABLE dirty (
    kind TEXT NOT NULL,
    hash_key BLOB NOT NULL,
    changes INTEGER NOT NULL,
    PRIMARY KEY (kind, hash_key)
  ) WITHOUT ROWID`,
  'CREATE TABLE frontier (partition TEXT PRIMARY KEY) WITHOUT ROWID',
] as const

export function tablesExist(storage: Storage): boolean {
  for (const _ of storage.rows("SELECT 1 FROM sqlite_master WHERE name = 'facts'")) return true
  return false
}

/** Makes the tables, in this version's format. */
export function createTables(storage: Storage, facts: KeeperFacts): void {
  for (const statement of TABLES) storage.run(statement)
  facts.set('storage_format', STORAGE_FORMAT)
}

/** @throws {InvalidRequestError} when another version has written the tables, in a format of its own. */
export function checkFormat(facts: KeeperFacts): void {
  const format = facts.get('storage_format')
  if (format === STORAGE_FORMAT) return
  throw new InvalidRequestError(
    `the tables of the topology's keeper have format ${format}, and this version reads format ${STORAGE_FORMAT}: ` +
      'deploy a version of kysely-fokos that is at least as new as the one that wrote them',
  )
}
