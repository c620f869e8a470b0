import { ChangeMaker } from '../changes/change-maker.js'
import { checkWriteSize } from '../changes/check-sizes.js'
import { Draft, type DraftedWrite } from '../changes/draft.js'
import { addFingerprints, EMPTY_FINGERPRINT, Fingerprinter, sameFingerprint } from '../changes/fingerprint.js'
import {
  ConditionFailedError,
  ConfigurationError,
  type ErrorReport,
  errorFromReport,
  FokosError,
  LimitError,
  reportError,
  TransactionConflictError,
  ValidationError,
} from '../errors.js'
import type { Projection } from '../expressions/expression.js'
import type {
  ChangeOutcome,
  ChangeResult,
  Fingerprint,
  ItemKey,
  PieceSums,
  PlannedChange,
  RefusalStyle,
  Seen,
  TransactionPart,
} from '../operations.js'
import type { CheckItem } from '../ports.js'
import type { Limits } from '../settings.js'
import type { ExpiryClock } from './expiry-clock.js'
import type { ItemStore } from './item-store.js'

/** What of an item store a part is evaluated against. */
export type ItemsToEvaluate = Pick<ItemStore, 'get' | 'range' | 'version' | 'versions' | 'lasting'>

/** A partition to which nothing was ever written. */
export const NO_ITEMS: ItemsToEvaluate = {
  get: () => undefined,
  *range() {},
  *versions() {},
  version: () => null,
  lasting: (section) => ({ result: section(), until: Number.POSITIVE_INFINITY }),
}

export interface EvaluationOptions {
  readonly items: ItemsToEvaluate
  /** By which items end. */
  readonly ends: ExpiryClock
  readonly limits: Limits
  readonly checkItem: CheckItem | undefined
  readonly token: number
  readonly returning?: Projection | undefined
  readonly refusals: RefusalStyle
}

/** What a part would do: what it writes, and what its changes answer, in their order. */
export interface Evaluation {
  readonly writes: readonly DraftedWrite[]
  readonly changes: readonly ChangeResult[]
  /** What the pieces of intervals that are elsewhere too sum to here. */
  readonly sums: PieceSums
}

/**
 * Works out what a part of a transaction would do here, and changes nothing.
 *
 * @throws {TransactionConflictError} when something is not as it was seen, or comes out otherwise than planned.
 * @throws {FokosError} of the first change that is refused, where refusals are told by item.
 */
export function evaluatePart(part: TransactionPart, options: EvaluationOptions): Evaluation {
  const sums = checkSeen(part.seen, options.items)
  checkSizes(part, options)
  const draft = new Draft(options.items, () => options.ends.now)
  const maker = new ChangeMaker({
    ...options,
    items: draft,
    tick: () => 0,
    // Of several statements, which were each within the limit, and of which only the outcome is written.
    ...(options.refusals === 'conflict' ? { maxBytes: Number.POSITIVE_INFINITY } : undefined),
  })
  const reasons: Reason[] = []
  const changes = part.changes.map((planned): ChangeResult => {
    try {
      return makeAsPlanned(planned, maker)
    } catch (error) {
      if (!(error instanceof FokosError)) throw error
      if (options.refusals === 'conflict') throw asConflict(error, planned)
      reasons.push({ ...reportError(error), index: planned.index })
      return { made: false, because: 'condition' }
    }
  })
  if (reasons.length > 0) throw refusalOf(reasons)
  return { writes: [...draft.writes()], changes, sums }
}

function checkSizes({ changes }: TransactionPart, { limits, refusals }: EvaluationOptions): void {
  const all = changes.map(({ change }) => change).filter(({ kind }) => kind !== 'alone')
  if (refusals === 'conflict') for (const change of all) checkWriteSize([change], limits)
  else if (all.length > 0) checkWriteSize(all, limits)
}

/**
 * @returns what the pieces of intervals sum to that are elsewhere too.
 * @throws {TransactionConflictError} when something is not as it was seen.
 */
export function checkSeen({ items, intervals }: Seen, store: ItemsToEvaluate): PieceSums {
  const sums = new Map<number, Fingerprint>()
  for (const { key, version } of items) {
    if (store.version(key) !== version) throw changed(key, 'a row')
  }
  for (const { hashKey, interval, fingerprint, of } of intervals) {
    const fingerprinter = new Fingerprinter()
    for (const [sortKey, version] of store.versions(hashKey, interval)) fingerprinter.add(sortKey, version)
    if (of !== undefined) {
      sums.set(of, addFingerprints(sums.get(of) ?? EMPTY_FINGERPRINT, fingerprinter.sum))
      continue
    }
    if (!sameFingerprint(fingerprinter.sum, fingerprint)) {
      throw changed({ hashKey, sortKey: interval.from }, 'an interval')
    }
  }
  return [...sums]
}

/** What was seen of an interval that lies in several partitions is not what is there. */
export function intervalChanged(): TransactionConflictError {
  return new TransactionConflictError(
    'an interval that the transaction depends on was changed by another one before it could commit',
  )
}

/** Why a change was refused. */
export interface Reason extends ErrorReport {
  readonly index: number
}

/** One error for all that was refused: that of the first change, with everybody's reasons. */
export function refusalOf(reasons: readonly Reason[]): FokosError {
  const sorted = [...reasons].sort((left, right) => left.index - right.index)
  const { index, code, message, details } = sorted[0] as Reason
  return errorFromReport({ code, message, details: { ...details, index, reasons: sorted } })
}

/** The reasons that an error of {@link refusalOf} has. */
export function reasonsOf(error: unknown): readonly Reason[] {
  const reasons = error instanceof FokosError ? error.details.reasons : undefined
  return Array.isArray(reasons) ? reasons : []
}

function makeAsPlanned({ change, allow, index }: PlannedChange, maker: ChangeMaker): ChangeResult {
  const result = maker.make(change, index)
  const outcome: ChangeOutcome = result.made ? 'made' : result.because
  if (allow === undefined || allow.includes(outcome)) return result
  throw new ConditionFailedError(describe(outcome), { index, because: outcome })
}

function describe(outcome: ChangeOutcome): string {
  switch (outcome) {
    case 'made':
      return 'there is an item that the condition holds for'
    case 'exists':
      return 'an item with this key exists already'
    case 'absent':
      return 'there is no item with this key'
    case 'condition':
      return 'the condition does not hold'
  }
}

/** What was found right when it was planned, and is refused now, has met a change of somebody else's. */
function asConflict(error: FokosError, { change }: PlannedChange): FokosError {
  // It would be too large again, and what a row must be is not what the transaction has seen.
  if (error instanceof LimitError || error instanceof ValidationError) return error
  // What checks rows is broken: no other attempt would mend it.
  if (error instanceof ConfigurationError) return error
  return changed(change.key, 'a row')
}

function changed({ hashKey, sortKey }: ItemKey, what: string): TransactionConflictError {
  return new TransactionConflictError(
    `${what} that the transaction depends on was changed by another one before it could commit`,
    { hashKey, sortKey },
  )
}
