import { OutcomeUnknownError, OverloadedError, UnavailableError } from '../errors.js'
import { mark } from '../mark.js'
import { type Clock, type Millis, PeerCallError, type Random } from '../ports.js'

/**
 * How often a request is sent at most. The platform may send a call again by itself, up to five times within
 * ten seconds, when it knows that it did not arrive; these come on top, and are few.
 */
const MAX_SENDINGS = 4
/** No sending starts later than this after the first: well within the time that a partition remembers. */
const MAX_ELAPSED: Millis = 15_000
const FIRST_BACKOFF: Millis = 100
const MAX_BACKOFF: Millis = 2_000

export interface RetryPorts {
  readonly clock: Clock
  readonly random: Random
}

export interface Sending {
  /** Whether an earlier sending of this request is unaccounted for. */
  readonly resent: boolean
}

/**
 * Sends until an answer comes, with full jitter between (M. Brooker, "Exponential Backoff And Jitter", 2015).
 * What is sent must be safe to send twice: a read, or a write whose token makes it so.
 *
 * @throws {OutcomeUnknownError} when the answers to a write stayed away and one sending may have arrived.
 * @throws {OverloadedError} or {@link UnavailableError} when certainly nothing was done.
 */
export async function sendUntilAnswered<T>(
  ports: RetryPorts,
  request: { readonly writes: boolean; readonly signal?: AbortSignal | undefined },
  send: (sending: Sending) => Promise<T>,
): Promise<T> {
  const { clock, random } = ports
  const startedAt = clock.now()
  let unaccounted = false
  for (let sendings = 1; ; sendings++) {
    if (request.signal?.aborted === true) {
      throw request.writes && unaccounted
        ? unknownOutcome(sendings - 1, request.signal.reason)
        : request.signal.reason
    }
    try {
      return await send({ resent: unaccounted })
    } catch (error) {
      if (!(error instanceof PeerCallError)) {
        throw request.writes && unaccounted ? unknownOutcome(sendings, error) : error
      }
      if (!error.undelivered) unaccounted = true
      const backoff = random.fraction() * Math.min(MAX_BACKOFF, FIRST_BACKOFF * 4 ** (sendings - 1))
      const late = clock.now() + backoff - startedAt > MAX_ELAPSED
      if (sendings >= MAX_SENDINGS || late) throw giveUp(error, request.writes && unaccounted, sendings)
      await clock.sleep(backoff)
    }
  }
}

function unknownOutcome(sendings: number, cause: unknown): OutcomeUnknownError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new OutcomeUnknownError(
    `no answer came to a write that was sent ${sendings} times (${why}): read the rows to see whether it happened`,
    { sendings },
    { cause },
  )
}

function giveUp(error: PeerCallError, mayHaveWritten: boolean, sendings: number): Error {
  if (mayHaveWritten) {
    MARK: mark('a write was sent to the end, and nobody knows')
    return unknownOutcome(sendings, error)
  }
  MARK: mark(
    error.overloaded ? 'a call was refused as overload to the end' : 'a call went unanswered to the end',
  )
  const details = { sendings }
  const options = { cause: error }
  return error.overloaded
    ? new OverloadedError(`the partition has too much to do: ${error.message}`, details, options)
    : new UnavailableError(`the partition did not answer: ${error.message}`, details, options)
}
