import type { DatabaseSync } from 'node:sqlite'
import type { ItemText } from '../values/item-text.js'
import type { FinalRow } from './judge/to-history.js'
import { placeText } from './workloads/operation.js'
import { placeOfKey, toRow } from './workloads/rows.js'

/**
 * Every row that ever became durable, with its version: a transaction is not told the versions of what it leaves,
 * and without them the judge could not put it in its place. What was overwritten before it became durable is
 * not here. Where a row lies is nothing that is asked here: copies of it, and what they leave behind, are one.
 */
export class DurableRows {
  readonly rows: FinalRow[] = []
  /** What is here: rows move with their versions. */
  readonly #known = new Set<string>()

  /** Follows one database. @returns what to call whenever something became durable. */
  watch(database: DatabaseSync): () => void {
    const known = new Map<string, number>()
    let exists = false
    return () => {
      exists ||= database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'items'").all().length > 0
      if (!exists) return
      const versions = database.prepare('SELECT hash_key, sort_key, version FROM items').all() as unknown as {
        hash_key: Uint8Array
        sort_key: Uint8Array
        version: number
      }[]
      for (const { hash_key: hashKey, sort_key: sortKey, version } of versions) {
        const place = placeOfKey({ hashKey, sortKey })
        if (known.get(placeText(place)) === version) continue
        known.set(placeText(place), version)
        const [stored] = database
          .prepare(
            `SELECT coalesce(value, (SELECT value FROM large_values l WHERE l.version = i.version)) AS text
             FROM items i WHERE hash_key = ? AND sort_key = ?`,
          )
          .all(hashKey, sortKey) as unknown as { text: ItemText | null }[]
        if (stored?.text) this.#add({ place, row: toRow(stored.text), version })
      }
    }
  }
  #add(row: FinalRow): void {
    const name = `${placeText(row.place)} ${row.version} ${row.row.log}`
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.rows.push(row)
  }
}
