import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { VERSIONS_PER_MILLI } from '../../operations.js'

/** What a partition has locked for a transaction and not let go, by its file. */
export interface StoredLock {
  readonly file: string
  /** When it was locked, by the partition's clock. */
  readonly since: number
}

const EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'parts'"
const FIRST_CHUNKS = 'SELECT part FROM parts WHERE chunk = 0'

/**
 * Looks past the server into the files of its Durable Objects, so that nobody is woken by the question.
 *
 * @param folder with a SQLite file for each.
 */
export function storedLocks(folder: string): StoredLock[] {
  const files = readdirSync(folder).filter((file) => /^[0-9a-f]+\.sqlite$/.test(file))
  return files.flatMap((file) => {
    const database = new DatabaseSync(join(folder, file), { readOnly: true })
    try {
      // One that was only read has no tables.
      if (database.prepare(EXISTS).all().length === 0) return []
      return database
        .prepare(FIRST_CHUNKS)
        .all()
        .map(({ part }): StoredLock => {
          const { at } = JSON.parse(part as string) as { at: number }
          return { file, since: at / VERSIONS_PER_MILLI }
        })
    } finally {
      database.close()
    }
  })
}
