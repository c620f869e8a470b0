/**
 * What went wrong, in a word that never changes. Branch on it, or on the class.
 *
 * - `configuration`: a binding, an option or a declaration is wrong ({@link ConfigurationError}).
 * - `invalid_key`, `invalid_value`, `type_mismatch`, `invalid_request`: bad input
 *   ({@link InvalidKeyError}, {@link InvalidValueError}, {@link TypeMismatchError}, {@link InvalidRequestError}).
 * - `validation`: a row is not what its table's validator lets through ({@link ValidationError}).
 * - `limit_exceeded`: an item, a key or a statement is larger than allowed ({@link LimitError}).
 * - `constraint`: an insert met an item with its key ({@link ConstraintError}).
 * - `condition_failed`: a condition of the engine's own API did not hold ({@link ConditionFailedError}).
 * - `transaction_conflict`: what a transaction saw has changed, or is locked: run it again
 *   ({@link TransactionConflictError}).
 * - `settings_mismatch`: the data was written with other `roots` or `fanout` ({@link SettingsMismatchError}).
 * - `partition_full`: a partition has reached what the platform lets one hold ({@link PartitionFullError}).
 * - `overloaded`, `unavailable`: nothing was done, try again ({@link OverloadedError}, {@link UnavailableError}).
 * - `outcome_unknown`: a write may or may not have happened ({@link OutcomeUnknownError}).
 * - `internal`: an invariant of this package does not hold ({@link InternalError}).
 */
export type ErrorCode =
  | 'configuration'
  | 'invalid_key'
  | 'invalid_value'
  | 'type_mismatch'
  | 'invalid_request'
  | 'validation'
  | 'limit_exceeded'
  | 'constraint'
  | 'condition_failed'
  | 'transaction_conflict'
  | 'settings_mismatch'
  | 'partition_full'
  | 'overloaded'
  | 'unavailable'
  | 'outcome_unknown'
  | 'internal'

/** Facts about an error beside its message: plain data. */
export interface ErrorDetails {
  readonly table?: string
  readonly column?: string
  /** Which of several writes of a statement, from 0. */
  readonly index?: number | undefined
  readonly [fact: string]: unknown
}

/** An error as it travels between partition and client: plain data. */
export interface ErrorReport {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
}

const ABORTED = Symbol.for('kysely.AbortedTransactionError')

/** The base of every error that this package throws on purpose. */
export abstract class FokosError extends Error {
  abstract readonly code: string
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean = false
  readonly details: ErrorDetails

  constructor(message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.details = details
  }
}

/** A binding, an option or a declaration is missing or wrong. The message holds the lines to write. */
export class ConfigurationError extends FokosError {
  override name = 'ConfigurationError'
  readonly code = 'configuration'
}

/** A value cannot stand in a key: NaN, an invalid date, null, an object. */
export class InvalidKeyError extends FokosError {
  override name = 'InvalidKeyError'
  readonly code = 'invalid_key'
}

/** A value cannot be stored: a function, a cycle, an instance of a class. */
export class InvalidValueError extends FokosError {
  override name = 'InvalidValueError'
  readonly code = 'invalid_value'
}

/** An expression met a value that it has no meaning for, such as text in an addition. */
export class TypeMismatchError extends FokosError {
  override name = 'TypeMismatchError'
  readonly code = 'type_mismatch'
}

/** A call has arguments without meaning, such as a negative limit or no rows. */
export class InvalidRequestError extends FokosError {
  override name = 'InvalidRequestError'
  readonly code = 'invalid_request'
}

/**
 * A row is not what its table's validator lets through, or would not be after an update. Nothing was written.
 * `details.issues` has what the validator says, each with its path.
 */
export class ValidationError extends FokosError {
  override name = 'ValidationError'
  readonly code = 'validation'
}

/** An item, a key or a statement is larger than its limit; both sizes are in the message and the details. */
export class LimitError extends FokosError {
  override name = 'LimitError'
  readonly code = 'limit_exceeded'
}

/** An insert met an item with its key, and nothing of the statement was written. */
export class ConstraintError extends FokosError {
  override name = 'ConstraintError'
  readonly code = 'constraint'
}

/** The condition of a put, an update or a delete did not hold, and nothing was written. */
export class ConditionFailedError extends FokosError {
  override name = 'ConditionFailedError'
  readonly code = 'condition_failed'
}

/**
 * What a transaction has seen was changed by another before it could commit, or was locked for too long. Nothing
 * of it was done. The same work may succeed when it is done again: `retryTransaction` does that.
 */
export class TransactionConflictError extends FokosError {
  override name = 'TransactionConflictError'
  readonly code = 'transaction_conflict'
  override readonly retryable = true
  /** Tells Kysely, from 0.29.8 on, that the transaction is over: there is nothing to roll back. */
  readonly [ABORTED] = true
}

/** The data was written under other settings that can never change; both are in the message. */
export class SettingsMismatchError extends FokosError {
  override name = 'SettingsMismatchError'
  readonly code = 'settings_mismatch'
}

/**
 * A partition has reached what the platform lets one hold, and what is written would make it larger. It still reads,
 * deletes and splits: after that, the same write may succeed. Nothing was changed.
 */
export class PartitionFullError extends FokosError {
  override name = 'PartitionFullError'
  readonly code = 'partition_full'
  override readonly retryable = true
}

/** A partition has too much to do. Nothing was changed. */
export class OverloadedError extends FokosError {
  override name = 'OverloadedError'
  readonly code = 'overloaded'
  override readonly retryable = true
}

/** A partition did not answer. Nothing was changed. */
export class UnavailableError extends FokosError {
  override name = 'UnavailableError'
  readonly code = 'unavailable'
  override readonly retryable = true
}

/**
 * A write was sent, its answer was lost, and the partition could not say any more whether it ran.
 * Read the row to find out; do not simply write again.
 */
export class OutcomeUnknownError extends FokosError {
  override name = 'OutcomeUnknownError'
  readonly code = 'outcome_unknown'
}

/** An invariant of this package does not hold. Please report it. */
export class InternalError extends FokosError {
  override name = 'InternalError'
  readonly code = 'internal'
}

const ERROR_OF = {
  configuration: ConfigurationError,
  invalid_key: InvalidKeyError,
  invalid_value: InvalidValueError,
  type_mismatch: TypeMismatchError,
  invalid_request: InvalidRequestError,
  validation: ValidationError,
  limit_exceeded: LimitError,
  constraint: ConstraintError,
  condition_failed: ConditionFailedError,
  transaction_conflict: TransactionConflictError,
  settings_mismatch: SettingsMismatchError,
  partition_full: PartitionFullError,
  overloaded: OverloadedError,
  unavailable: UnavailableError,
  outcome_unknown: OutcomeUnknownError,
  internal: InternalError,
} satisfies Record<ErrorCode, new (message: string, details?: ErrorDetails) => FokosError>

/** The error as plain data, to be thrown elsewhere by {@link errorFromReport}. What is not ours is internal. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof FokosError && error.code in ERROR_OF) {
    return { code: error.code as ErrorCode, message: error.message, details: error.details }
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}

/** Makes the typed error out of what travelled. An unknown code, from a newer version, is internal. */
export function errorFromReport({ code, message, details }: ErrorReport): FokosError {
  return new (ERROR_OF[code] ?? InternalError)(message, details)
}

/** Stops at once when what must hold does not. Stays on in production. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new InternalError(`this must hold and does not: ${invariant}`)
}
