import type { SeededRandom } from '../seeded-random.js'
import type { ChangeOperation, Operation, Place, Scan } from './operation.js'
import type { Step } from './transaction.js'

/*
 * What workloads are built of.
 */

/** Statements that happen together, through a block. */
export const block = (...steps: readonly Step[]): Operation => ({ kind: 'transaction', as: 'block', steps })
/** Reads of one moment. */
export const readOnly = (...steps: readonly Step[]): Operation => ({
  kind: 'transaction',
  as: 'block',
  readOnly: true,
  steps,
})

/** Any place of some. */
export const place = (random: SeededRandom, hashes: number, sorts: number): Place => ({
  hash: random.below(hashes),
  sort: random.below(sorts),
})

/** Different places, in any order. */
export const places = (random: SeededRandom, count: number, hashes: number, sorts: number): Place[] =>
  random
    .some(
      Array.from({ length: hashes * sorts }, (_, i) => i),
      count,
      count,
    )
    .map((i) => ({ hash: Math.floor(i / sorts), sort: i % sorts }))

/** A range of one hash key, in one page. */
export const whole = (hash: number, from = 0, to = 4): Step & { kind: 'range' } => ({
  kind: 'range',
  hash,
  from,
  to,
  descending: false,
  pageSize: 8,
})

/** One row, where none may be. */
export const insertAt = ({ hash, sort }: Place): ChangeOperation => ({
  kind: 'insert',
  hash,
  sorts: [sort],
  onExisting: 'error',
})

/** Several hash keys in any order. */
export function scanOver(hashes: readonly number[], from: number, to: number, random: SeededRandom): Scan {
  const directions = ['ascending', 'descending'] as const
  return {
    kind: 'scan',
    hashes,
    from,
    to,
    order: {
      first: random.pick(['hashKey', 'sortKey']),
      hashKey: random.pick(directions),
      sortKey: random.pick(directions),
    },
  }
}
