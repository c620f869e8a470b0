import type { History, Transaction } from './history.js'

/** The last place at which it can have taken effect: without an acknowledgement there is none. */
export function lastMoment({ outcome, answered }: Transaction): number {
  return outcome === 'done' ? (answered ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
}

/** Whether everybody could know that `one` had happened when `other` was called. */
export function precedes(one: Transaction, other: Transaction): boolean {
  return lastMoment(one) < other.called
}

/** Whether it happened for certain: of an unknown one, a write that came to light is the proof. */
export function happened({ outcome, writes }: Transaction): boolean {
  return outcome === 'done' || (outcome === 'unknown' && writes !== undefined && writes.length > 0)
}

/**
 * The history in the order of the calls, so that the verdict does not depend on the order of the recording.
 * Throws if it contradicts itself: that is the recorder's mistake, and nothing that a store could do.
 */
export function inOrderOfCalls(history: History): Transaction[] {
  const ids = new Set<number>()
  for (const { id, called, answered } of history) {
    if (ids.has(id)) throw new Error(`The history has two transactions T${id}.`)
    if (answered !== undefined && answered <= called)
      throw new Error(`The history has T${id} answered at ${answered}, and called at ${called}.`)
    ids.add(id)
  }
  return [...history].sort((left, right) => left.called - right.called || left.id - right.id)
}
