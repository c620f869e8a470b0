import type { Client } from '../../client/client.js'
import {
  ConditionFailedError,
  ConstraintError,
  InvalidRequestError,
  LimitError,
  OutcomeUnknownError,
  OverloadedError,
  SettingsMismatchError,
  TransactionConflictError,
  UnavailableError,
} from '../../errors.js'
import type { Clock, Random } from '../../ports.js'
import type { HeardPages } from '../heard-pages.js'
import { type Record, type SeenRow, type WrittenRow, writes } from '../record.js'
import { type Operation, placeText } from './operation.js'

/** What is told of each thing that a client did. */
export interface Recorder {
  /** The next place in the order of all calls and answers. */
  tick(): number
  add(record: Record): void
  /** A transaction came to its end, after so many conflicts. */
  ended?(conflicts: number): void
}

/** What a client remembers between its operations: the counts of the rows that it saw. */
export type ClientMemory = Map<string, number>

/** All that a client needs to do one operation. */
export interface Session {
  /** The operation's number. */
  readonly id: number
  /** The client's. */
  readonly client: number
  readonly store: Client
  /** How many roots the client declares. */
  readonly roots: number
  readonly ports: { readonly clock: Clock; readonly random: Random }
  /** Whether rows end in this run. */
  readonly expires?: boolean
  readonly memory: ClientMemory
  readonly recorder: Recorder
  /** What partitions answer to this operation. */
  readonly heard: HeardPages
  readonly signal?: AbortSignal
}

/** Why a client that stops waiting does so. */
export class AbortedError extends Error {
  override name = 'AbortedError'
}

/** What an error means for the one who asked. @throws what nobody expects: it is a bug, not an outcome. */
export function outcomeOf(error: unknown, operation: Operation): 'conflict' | 'unknown' | 'refused' {
  if (error instanceof ConstraintError) return 'conflict'
  if (error instanceof InvalidRequestError && 'alone' in operation && operation.alone) return 'conflict'
  // A row that has grown by one deployment's limits may be too large for another's.
  if (error instanceof LimitError && writes(operation)) return 'refused'
  if (error instanceof ConditionFailedError && operation.kind === 'transaction') return 'refused'
  if (error instanceof TransactionConflictError) return 'refused'
  if (error instanceof SettingsMismatchError || error instanceof AbortedError) return 'refused'
  if (error instanceof OutcomeUnknownError) return 'unknown'
  if (error instanceof UnavailableError || error instanceof OverloadedError) return 'refused'
  throw error
}

export function remember(
  memory: ClientMemory,
  came: { readonly seen?: readonly SeenRow[]; readonly written?: readonly WrittenRow[] },
): void {
  for (const { place, row } of came.seen ?? []) if (row !== null) memory.set(placeText(place), row.n)
  for (const { place, made } of came.written ?? []) {
    if (made?.row) memory.set(placeText(place), made.row.n)
  }
}

/** Pages, and what else is read piece by piece, have numbers of their own, a fraction beyond the operation's. */
export function partId(operation: number, part: number): number {
  return Number(`${operation}.${String(part).padStart(4, '0')}`)
}
