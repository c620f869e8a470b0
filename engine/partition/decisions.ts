import {
  FokosError,
  InternalError,
  InvalidRequestError,
  OutcomeUnknownError,
  reportError,
  TransactionConflictError,
} from '../errors.js'
import { mark } from '../mark.js'
import type { PartitionTransact, TransactAnswer } from '../operations.js'
import type { Millis } from '../ports.js'
import { homeKey } from './home-key.js'
import type { Turn } from './lock-table.js'
import type { Place } from './place.js'
import type { RecordRetention } from './record-retention.js'
import { answerAgain, type TransactionRecord } from './record-store.js'
import { MAX_SKEW, RETENTION } from './token-memory.js'

/** What was decided of transactions whose home is here: every sending of one is told the same. */
export class Decisions {
  readonly #place: Place
  readonly #retention: RecordRetention

  constructor(place: Place, retention: RecordRetention) {
    this.#place = place
    this.#retention = retention
  }

  /** Whether it is known what came of a transaction. */
  knows(operation: PartitionTransact): boolean {
    return this.#place.tokens.isDecided(operation.token) || this.#record(operation) !== undefined
  }

  /** Whether what a sending is refused for now is what every sending of it is told. */
  isDecided(operation: PartitionTransact, refusal: FokosError): boolean {
    return refusal.details.reused === true || this.#record(operation) !== undefined
  }

  /**
   * What an earlier sending was told, if there was one.
   *
   * @throws {FokosError} what it was refused for, if it was.
   */
  recall(operation: PartitionTransact): TransactAnswer | undefined {
    const record = this.#record(operation)
    if (record === undefined) {
      const { tokens } = this.#place
      // Only refusals are in memory alone, which throw.
      tokens.recall(operation.token)?.()
      if (tokens.isDecided(operation.token)) {
        throw new OutcomeUnknownError('too much was refused since to know why this was')
      }
      return undefined
    }
    if (record.outcome === 'aborted') throw new InternalError("a transaction has an attempt's number")
    checkDigest(record.digest, operation)
    MARK: mark('a transaction that is sent again is answered from its record')
    return answerAgain(record)
  }

  /** @throws {OutcomeUnknownError} when a sending is so old that what was decided of it may be forgotten. */
  checkAge({ born, resent }: PartitionTransact): void {
    const age = this.#now - born
    const forgotten = (this.#place.open()?.facts.get('forgotten') ?? Number.NEGATIVE_INFINITY) as number
    if (age <= RETENTION && !(resent && born - MAX_SKEW < forgotten)) return
    throw new OutcomeUnknownError(
      `this transaction was first sent ${Math.round(age / 1_000)} s ago by its sender's clock, and the partition ` +
        'remembers none so old: read the rows to see whether it happened',
      { age, limit: RETENTION },
    )
  }

  /**
   * Refuses a sending, so that every later one of the same transaction is refused too.
   *
   * Of a first sending, memory is enough: a copy of it reaches this instance or none. One that was sent again has
   * another on its way, maybe to another instance: what it is told is stored.
   *
   * @returns what it was told before, if another sending has come through meanwhile.
   * @throws {FokosError} the refusal.
   */
  refuse(error: unknown, operation: PartitionTransact, turn: Turn): TransactAnswer {
    if (!(error instanceof FokosError) || error instanceof OutcomeUnknownError) throw error
    // It says nothing of the transaction whose token it is.
    if (error.details.reused === true) throw error
    if (error instanceof TransactionConflictError) Object.assign(error.details, { age: turn.age })
    this.#place.locks.unreserve(turn.age)
    const { token, resent, digest } = operation
    // That was decided when it was here, and of a first sending nobody else decides.
    if (!resent && this.#place.tokens.isDecided(token)) throw error
    // Whoever is its home by now decides.
    this.#place.checkHere([homeKey(operation)], { ...operation, age: turn.age })
    if (!resent) {
      this.#place.tokens.rememberRefusal(token, error, [homeKey(operation)], this.#now)
      throw error
    }
    const place = { ...homeKey(operation), id: token, stored: this.#now }
    this.#retention.wake()
    const earlier = this.#place.writing(({ records }) => {
      const known = records.get(place.hashKey, place.id)
      if (known !== undefined) return known
      MARK: mark('the refusal of a transaction is stored')
      this.#place.ports.storage.atomic(() => {
        records.put(place, { outcome: 'refused', error: reportError(error), digest })
      })
      return undefined
    })
    // What was stored before holds: another sending may have come through meanwhile.
    if (earlier?.outcome === 'committed') return answerAgain(earlier)
    throw error
  }

  #record(operation: PartitionTransact): TransactionRecord | undefined {
    return this.#place.open()?.records.get(homeKey(operation).hashKey, operation.token)
  }

  get #now(): Millis {
    return this.#place.ports.clock.now()
  }
}

/** @throws {InvalidRequestError} when a token was given to two transactions that are not the same. */
export function checkDigest(known: number | undefined, { digest }: PartitionTransact): void {
  if (known === digest) return
  throw new InvalidRequestError(
    'the token was given to another transaction within the last ten minutes: take a new token for each',
    { reused: true },
  )
}
