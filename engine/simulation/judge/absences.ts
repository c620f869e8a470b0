import type { DependencyGraph } from './dependency-graph.js'
import type { Transaction } from './history.js'
import { addAbsence, type UnsureAbsence } from './observations.js'

/**
 * Finds out which absences were seen where real time leaves several: an absence that began behind its reader, or
 * ended before it, was not the one. What then follows from one may settle others.
 *
 * If none is left, the reader saw what never was: any of them makes a circle, which says so.
 */
export function settleAbsences(unsure: readonly UnsureAbsence[], graph: DependencyGraph): void {
  let left = unsure
  for (let progress = true; progress; ) {
    progress = false
    const behind = new Map<Transaction, ReadonlySet<Transaction>>()
    const after = (transaction: Transaction) => {
      const known = behind.get(transaction) ?? graph.after(transaction)
      behind.set(transaction, known)
      return known
    }
    const still: UnsureAbsence[] = []
    for (const { sight, gaps } of left) {
      const { reader } = sight
      const possible = gaps.filter(
        ({ began, ended }) =>
          !(began !== undefined && began.writer !== reader && after(reader).has(began.writer)) &&
          !(ended !== undefined && ended.writer !== reader && after(ended.writer).has(reader)),
      )
      const [only, ambiguous] = possible
      if (ambiguous !== undefined) {
        still.push({ sight, gaps: possible })
        continue
      }
      addAbsence(sight, only ?? (gaps[0] as (typeof gaps)[0]), graph)
      progress = true
    }
    left = still
  }
}
