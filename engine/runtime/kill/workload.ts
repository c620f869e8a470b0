import type { SeededRandom } from '../../simulation/seeded-random.js'
import type { TransferRequest } from './transfer.js'
import type { WriteRequest } from './worker.js'

/** Rows that are there from the start, to append to. */
export const SHARED_HASH_KEYS = ['h0', 'h1', 'h2', 'h3', 'h4', 'h5']
export const SHARED_ROWS = ['a', 'b', 'c']
/** Inserts go to one more of these with every kill, so that partitions are killed while they are made. */
export const ALL_HASH_KEYS = Array.from({ length: 40 }, (_, i) => `h${i}`)
/** The row of an account. */
export const ACCOUNT = 'account'
/** Hash keys of accounts, which have so many coins at first. */
export const ACCOUNTS = Array.from({ length: 8 }, (_, i) => `account-${i}`)
export const ACCOUNT_HAS = 100
/** Hash keys of the transfers' own rows. */
export const BOOKS = Array.from({ length: 4 }, (_, i) => `book-${i}`)

export function makeWrite(random: SeededRandom, id: string, round: number): WriteRequest {
  if (random.chance(0.3)) {
    const hashKey = random.pick(ALL_HASH_KEYS.slice(0, SHARED_HASH_KEYS.length + round))
    return { kind: 'insert', hashKey, rows: [id], id }
  }
  const rows = random.some(SHARED_ROWS, 1, SHARED_ROWS.length)
  return { kind: 'append', hashKey: random.pick(SHARED_HASH_KEYS), rows, id }
}

export function makeTransfer(random: SeededRandom, id: string): TransferRequest {
  const [from, to] = random.some(ACCOUNTS, 2, 2) as [string, string]
  const how = random.pick(['token', 'block'] as const)
  return { id, from, to, book: random.pick(BOOKS), coins: 1 + random.below(20), how }
}
