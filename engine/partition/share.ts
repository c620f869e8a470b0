import { type FokosError, TransactionConflictError, UnavailableError } from '../errors.js'
import type { ChangeResult, PieceSums, PrepareAnswer, TransactionPart } from '../operations.js'
import type { PartitionName } from '../ports.js'
import type { Participant } from './record-store.js'

/** What becomes of asking one participant to prepare. */
export type Reply =
  | { readonly kind: 'prepared'; readonly answer: PrepareAnswer }
  /** An older transaction is in the way, or no answer came: another attempt may do better. */
  | { readonly kind: 'busy' | 'lost' }
  | { readonly kind: 'refused'; readonly error: FokosError }

/** What one participant is asked to prepare. Who is cut into several, because it lies in several partitions, is these. */
export interface Share {
  partition: PartitionName
  readonly part: TransactionPart
  /** The number of the part that it is, or was cut from. */
  readonly piece: number
  /** How often it was cut. */
  readonly rounds: number
  reply: Reply
}

/** One who takes part, with what it proposes; nothing, if it has not prepared. */
export function participantOf({ partition, reply }: Share): Participant {
  return { partition, proposals: reply.kind === 'prepared' ? reply.answer.proposals : [] }
}

/** What its pieces of intervals come to that are in several; nothing, if it has not prepared. */
export function sumsOf({ reply }: Share): PieceSums {
  return reply.kind === 'prepared' ? (reply.answer.sums ?? []) : []
}

/** The results of all changes, in the order in which they were sent. */
export function inOrder(
  own: TransactionPart,
  results: readonly ChangeResult[],
  shares: readonly Share[],
): ChangeResult[] {
  const changes: ChangeResult[] = []
  const place = ({ changes: planned }: TransactionPart, results: readonly ChangeResult[]) =>
    planned.forEach(({ index, change }, i) => {
      if (change.kind !== 'alone') changes[index] = results[i] as ChangeResult
    })
  place(own, results)
  for (const { part, reply } of shares) if (reply.kind === 'prepared') place(part, reply.answer.changes)
  return changes
}

/** Why there is no further attempt. */
export function tooLong(shares: readonly Share[]): FokosError {
  if (shares.some(({ reply }) => reply.kind === 'lost')) {
    return new UnavailableError('a partition that the transaction needs did not answer')
  }
  return new TransactionConflictError('older transactions were at the same rows for too long', { busy: true })
}
