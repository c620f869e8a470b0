import type { Kysely } from 'kysely'
import { type ScanOptions, scanEveryPartition } from 'kysely-fokos'
import type { Database } from './database.js'

/** A request to a Worker may make so many calls, and each page is one or a few: a long export takes several. */
const MOST_PAGES = 200

/** What of the table is exported, and how much of it at once. */
export interface ExportRequest extends ScanOptions {
  readonly pages?: number
}

/**
 * A table as lines of JSON: one for each row; and behind each page one that says where to go on, `{"cursor":"…"}`,
 * or that there is no more, `{"done":true}`. A page is read when the one before it was taken.
 */
export async function* exportLines(
  db: Kysely<Database>,
  { pages = MOST_PAGES, ...scan }: ExportRequest,
): AsyncGenerator<string> {
  let left = Math.min(pages, MOST_PAGES)
  for await (const { rows, cursor } of scanEveryPartition(db.selectFrom('measurements').selectAll(), scan)) {
    const end = cursor === undefined ? { done: true } : { cursor }
    yield [...rows, end].map((line) => `${JSON.stringify(line)}\n`).join('')
    if (--left === 0) return
  }
}
