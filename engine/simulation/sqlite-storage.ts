import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { assert } from '../errors.js'
import type { SqlRow, SqlValue, Storage } from '../ports.js'

/** A Durable Object refuses a statement with more. */
const MAX_BINDINGS = 100

/** All that items take: a database's own size tells too little of so small ones. */
const BYTES = `SELECT
  (SELECT coalesce(sum(octet_length(hash_key) + octet_length(sort_key) + coalesce(octet_length(value), 0)), 0) FROM items) +
  (SELECT coalesce(sum(octet_length(value)), 0) FROM large_values)`

/**
 * The storage port over `node:sqlite`, with the manners of a Durable Object: whole numbers come back as
 * doubles, and an exception alone undoes nothing. (Numbers bind as REAL in both.)
 */
export function sqliteStorage(database: DatabaseSync = new DatabaseSync(':memory:')): Storage {
  const prepared = new Map<string, StatementSync>()
  const prepare = (statement: string, bindings: readonly SqlValue[]) => {
    assert(bindings.length <= MAX_BINDINGS, `a statement has at most ${MAX_BINDINGS} bindings`)
    const known = prepared.get(statement)
    if (known !== undefined) return known
    const made = database.prepare(statement)
    made.setReturnArrays(true)
    made.setReadBigInts(true)
    prepared.set(statement, made)
    return made
  }
  let depth = 0
  return {
    *rows(statement, ...bindings) {
      const rows = prepare(statement, bindings).iterate(...(bindings as SQLInputValue[]))
      for (const row of rows) yield (row as unknown as unknown[]).map(toSqlValue) as SqlRow
    },
    run(statement, ...bindings) {
      prepare(statement, bindings).run(...(bindings as SQLInputValue[]))
    },
    atomic(section) {
      const savepoint = `section_${depth++}`
      database.exec(`SAVEPOINT ${savepoint}`)
      try {
        const result = section()
        database.exec(`RELEASE ${savepoint}`)
        return result
      } catch (error) {
        database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`)
        throw error
      } finally {
        depth--
      }
    },
    bytes() {
      const tables = prepare("SELECT 1 FROM sqlite_master WHERE name = 'items'", []).all()
      if (tables.length === 0) return 0
      const [[bytes]] = prepare(BYTES, []).all() as unknown as [[bigint]]
      return Number(bytes)
    },
  }
}

function toSqlValue(value: unknown): SqlValue {
  return typeof value === 'bigint' ? Number(value) : (value as SqlValue)
}
