import { TransactionConflictError } from '../../errors.js'
import type { Age } from '../../operations.js'
import type { Session } from './session.js'
import { attemptId } from './transaction.js'

/** Nobody should need as many. */
export const MAX_ATTEMPTS = 100
const FIRST_BACKOFF = 10
const MAX_BACKOFF = 1_000

/** A transaction has met a conflict at every attempt. */
export class NeverEndedError extends Error {
  override name = 'NeverEndedError'
}

/**
 * Makes attempts until one meets no conflict: with jitter between, and with the age of the first, as
 * `retryTransaction` does. Each attempt has a number of its own.
 *
 * @param attempt throws a {@link TransactionConflictError} when it may be made again.
 */
export async function untilItEnds(
  { id, ports: { clock, random }, recorder }: Session,
  attempt: (id: number, age: Age | undefined) => Promise<void>,
): Promise<void> {
  let age: Age | undefined
  for (let conflicts = 0; conflicts < MAX_ATTEMPTS; conflicts++) {
    try {
      await attempt(attemptId(id, conflicts), age)
      recorder.ended?.(conflicts)
      return
    } catch (error) {
      if (!(error instanceof TransactionConflictError)) throw error
      age = (error.details.age as Age | undefined) ?? age
    }
    await clock.sleep(random.fraction() * Math.min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** conflicts))
  }
  throw new NeverEndedError(`T${id} met a conflict ${MAX_ATTEMPTS} times`)
}
