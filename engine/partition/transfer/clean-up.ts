import type { KeySet } from '../../operations.js'
import type { Clock, SqlValue, Storage } from '../../ports.js'

/** What one step deletes at most, about: nobody waits longer than for that. */
const MAX_BYTES = 2_000_000

const SQL = {
  items: `SELECT hash_key, sort_key, coalesce(
      octet_length(value), (SELECT octet_length(l.value) FROM large_values l WHERE l.version = i.version))
    FROM items i ORDER BY hash_key, sort_key LIMIT ?`,
  itemsOf: `SELECT hash_key, sort_key, coalesce(
      octet_length(value), (SELECT octet_length(l.value) FROM large_values l WHERE l.version = i.version))
    FROM items i WHERE hash_key = ?2 ORDER BY sort_key LIMIT ?1`,
  deleteItems: 'DELETE FROM items WHERE (hash_key, sort_key) <= (?, ?)',
  deleteItemsOf: 'DELETE FROM items WHERE hash_key = ? AND sort_key <= ?',
  records: 'SELECT hash_key, id FROM transactions ORDER BY hash_key, id LIMIT ?',
  recordsOf: 'SELECT hash_key, id FROM transactions WHERE hash_key = ?2 ORDER BY id LIMIT ?1',
  deleteRecords: 'DELETE FROM transactions WHERE (hash_key, id) <= (?, ?)',
  deleteRecordsOf: 'DELETE FROM transactions WHERE hash_key = ? AND id <= ?',
  parts: 'SELECT hash_key, attempt FROM parts ORDER BY hash_key, attempt LIMIT ?',
  partsOf: 'SELECT hash_key, attempt FROM parts WHERE hash_key = ?2 ORDER BY attempt LIMIT ?1',
  deleteParts: 'DELETE FROM parts WHERE (hash_key, attempt) <= (?, ?)',
  deletePartsOf: 'DELETE FROM parts WHERE hash_key = ? AND attempt <= ?',
  deletePromoted: 'DELETE FROM promoted',
} as const

const STEPS = [
  { every: ['items', 'deleteItems'], of: ['itemsOf', 'deleteItemsOf'] },
  { every: ['records', 'deleteRecords'], of: ['recordsOf', 'deleteRecordsOf'] },
  { every: ['parts', 'deleteParts'], of: ['partsOf', 'deletePartsOf'] },
] as const

/**
 * Deletes what a partition has handed over, in steps between which others get their turn. A promoted hash key leaves
 * the others here; after any other transfer nothing is served here any more.
 *
 * @param most rows of a step.
 */
export async function cleanUp(
  storage: Storage,
  clock: Clock,
  sets: readonly KeySet[],
  most: number,
): Promise<void> {
  const promoted = sets.flatMap((set) => (set.kind === 'hashKey' ? [set.hashKey] : []))
  for (const hashKey of promoted.length > 0 ? promoted : [undefined]) {
    for (const step of STEPS) {
      const [find, remove] = hashKey === undefined ? step.every : step.of
      while (deleteSome(storage, SQL[find], SQL[remove], hashKey, most)) {
        await clock.sleep(1)
      }
    }
  }
  if (promoted.length === 0) storage.run(SQL.deletePromoted)
}

/** @returns whether there was anything. */
function deleteSome(
  storage: Storage,
  find: string,
  remove: string,
  hashKey: Uint8Array | undefined,
  most: number,
): boolean {
  let last: readonly SqlValue[] | undefined
  let bytes = 0
  const bindings = hashKey === undefined ? [most] : [most, hashKey]
  for (const row of storage.rows(find, ...bindings)) {
    last = row
    bytes += (row[2] ?? 0) as number
    if (bytes > MAX_BYTES) break
  }
  if (last === undefined) return false
  storage.run(remove, last[0] as SqlValue, last[1] as SqlValue)
  return true
}
