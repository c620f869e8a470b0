import type { AccessMode, DatabaseConnection, Kysely, Transaction } from 'kysely'
import { InvalidRequestError, TransactionConflictError } from '../engine/errors.js'
import type { Age } from '../engine/operations.js'
import { workerClock, workerRandom } from '../engine/runtime/worker-ports.js'
import { refuseUnknownOptions } from '../engine/settings.js'
import { FokosConnection } from './driver/fokos-connection.js'

/** How {@link retryTransaction} goes about it. */
export interface RetryTransactionOptions {
  /** How often the work is run at most. Default 30. */
  readonly attempts?: number
  /** Checked before every attempt. */
  readonly signal?: AbortSignal
  readonly accessMode?: AccessMode
}

const ATTEMPTS = 30
/** Milliseconds that the first pause has at most; each further one has twice as many. */
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 500
/**
 * From which attempt on what is read is reserved for a moment, so that nobody younger overtakes it. Readers are soon
 * helped by that. Writers only when nothing else helps: where many of them wait for each other, hardly anybody gets
 * through, and pauses that get longer do better.
 */
const RESERVING_ATTEMPT = { 'read only': 5, 'read write': 20 } as const

/**
 * Runs `db.transaction().execute(work)`, and again after a {@link TransactionConflictError}, with pauses that get
 * longer and are never the same for two. All attempts count as old as the first, so that everybody is the oldest
 * at some time and gets through. Whatever `work` does beside the transaction, it does in every attempt.
 *
 * @returns what the attempt that was committed returned.
 * @throws {InvalidRequestError} for attempts that are no count, {@link ConfigurationError} for an unknown option.
 * @throws {TransactionConflictError} the last one, after the last attempt; `details.attempts` says how many.
 * @example
 * const left = await retryTransaction(db, async (trx) => {
 *   const flight = await trx.selectFrom('flights').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
 *   await trx.updateTable('flights').set({ seats: flight.seats - 1 }).where('id', '=', id).execute()
 *   return flight.seats - 1
 * })
 */
export async function retryTransaction<DB, T>(
  db: Kysely<DB>,
  work: (trx: Transaction<DB>) => Promise<T>,
  options: RetryTransactionOptions = {},
): Promise<T> {
  refuseUnknownOptions('retryTransaction', options, ['attempts', 'signal', 'accessMode'])
  const { attempts = ATTEMPTS, signal, accessMode } = options
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new InvalidRequestError(`attempts is a whole number of at least 1, not ${attempts}`)
  }
  let age: Age | undefined
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      const transaction = db.transaction()
      return await (accessMode === undefined ? transaction : transaction.setAccessMode(accessMode)).execute(
        async (trx) => {
          await keepAge(trx, age, attempt >= RESERVING_ATTEMPT[accessMode ?? 'read write'])
          return await work(trx)
        },
      )
    } catch (error) {
      if (!(error instanceof TransactionConflictError)) throw error
      if (attempt >= attempts) {
        Object.assign(error.details, { attempts: attempt })
        throw error
      }
      age ??= error.details.age as Age | undefined
    }
    const longest = Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
    await workerClock.sleep(workerRandom.fraction() * longest)
  }
}

async function keepAge<DB>(trx: Transaction<DB>, age: Age | undefined, reserves: boolean): Promise<void> {
  if (age === undefined) return
  await trx.getExecutor().provideConnection(async (connection: DatabaseConnection) => {
    if (connection instanceof FokosConnection) connection.keepAge(age, reserves)
  })
}
