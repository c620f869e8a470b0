import type { SeededRandom } from '../../simulation/seeded-random.js'
import type { TransferRequest } from './transfer.js'
import type { WriteRequest } from './worker.js'

/** Rows that are there from the start, to append to. */
export const SHARED_HASH_KEYS = ['h0', 'h1', 'h2', 'h3', 'h4', 'h5']
export const SHARED_ROWS = ['a', 'b', 'c']
/** The hash key that has most rows: it is promoted, and its ranges split. */
export const LARGE_HASH_KEY = 'large'
/** Rows of it that are there from the start and grow. Ids, which name the others, are in between. */
export const GROWING_ROWS = ['10g', '12g', '15g', '18g', '2g', '4g', '6g', '8g']
/** Inserts go to others of these with every kill, so that partitions are killed while they are made. */
const HASH_KEYS = 240
/** To so many at a time, of which each round leaves some. */
const AT_A_TIME = 24
const FROM_ROUND_TO_ROUND = 9
/** The row of an account. */
export const ACCOUNT = 'account'
/** Hash keys of accounts, which have so many coins at first. */
export const ACCOUNTS = Array.from({ length: 8 }, (_, i) => `account-${i}`)
export const ACCOUNT_HAS = 100
/** Hash keys of the transfers' own rows. */
export const BOOKS = Array.from({ length: 4 }, (_, i) => `book-${i}`)

export const ALL_HASH_KEYS = Array.from({ length: HASH_KEYS }, (_, i) => `h${i}`)

/** The hash keys to which a round writes. */
export function hashKeysOf(round: number): string[] {
  const first = round * FROM_ROUND_TO_ROUND
  const inserted = Array.from({ length: AT_A_TIME }, (_, i) => `h${(first + i) % HASH_KEYS}`)
  return [...new Set([...SHARED_HASH_KEYS, ...inserted])]
}

export function makeWrite(random: SeededRandom, id: string, round: number): WriteRequest {
  if (random.chance(0.7)) {
    const hashKey = random.chance(0.35) ? LARGE_HASH_KEY : random.pick(hashKeysOf(round))
    return { kind: 'insert', hashKey, rows: [id], id, padding: makePadding(random) }
  }
  if (random.chance(0.3)) {
    const rows = random.some(GROWING_ROWS, 1, 3)
    return { kind: 'append', hashKey: LARGE_HASH_KEY, rows, id, padding: random.below(1_500) }
  }
  const rows = random.some(SHARED_ROWS, 1, SHARED_ROWS.length)
  return { kind: 'append', hashKey: random.pick(SHARED_HASH_KEYS), rows, id, padding: 0 }
}

export function makeTransfer(random: SeededRandom, id: string): TransferRequest {
  const [from, to] = random.some(ACCOUNTS, 2, 2) as [string, string]
  const how = random.pick(['token', 'block'] as const)
  return { id, from, to, book: random.pick(BOOKS), coins: 1 + random.below(20), how }
}

/** Small rows, which lie in their table, and larger ones, which lie beside it. */
function makePadding(random: SeededRandom): number {
  return random.chance(0.3) ? 100 + random.below(700) : 1_000 + random.below(7_000)
}
