import { errorFromReport, reportError } from '../errors.js'
import { mark } from '../mark.js'
import type { WriteResult } from '../operations.js'
import type { Millis } from '../ports.js'

/** No write is begun that is older than this: nobody waits for it any more. */
export const RETENTION: Millis = 600_000
/** A client gives up sooner than this after its first sending. */
export const RESEND_WINDOW: Millis = 30_000
/** How far apart the clocks of a Worker and of a partition are taken to be at most. */
export const MAX_SKEW: Millis = 10_000

/** Bounds on what is kept: the oldest go first. About 8 MB. */
const MAX_ANSWERS = 20_000
const MAX_CHARACTERS = 4_000_000
/** About what one change's result takes beside its text. */
const CHARACTERS_PER_CHANGE = 64

interface Answered {
  readonly at: Millis
  /** Answers again as the first time: with the result, or by throwing the refusal. */
  readonly again: () => WriteResult
  readonly characters: number
}

/**
 * The writes that this instance answered lately, refusals too, so that one that is sent again is answered and
 * not run again. Lost with the instance: what it does not know, the item's own row may.
 */
export class TokenMemory {
  readonly #answered = new Map<number, Answered>()
  #characters = 0
  /** All that was answered after this is remembered. */
  #horizon: Millis

  /** @param startedAt when this instance began to know what is written. */
  constructor(startedAt: Millis) {
    this.#horizon = startedAt
  }

  /** Nothing, or what answers again as the first time: it returns the result or throws the refusal. */
  recall(token: number): (() => WriteResult) | undefined {
    return this.#answered.get(token)?.again
  }

  remember(token: number, result: WriteResult, now: Millis): void {
    const characters = result.changes.reduce(
      (sum, change) => sum + CHARACTERS_PER_CHANGE + (change.made ? (change.item?.length ?? 0) : 0),
      0,
    )
    this.#add(token, { at: now, again: () => result, characters })
  }

  rememberRefusal(token: number, error: unknown, now: Millis): void {
    // The error itself would hold on to the request that it was thrown for.
    const report = reportError(error)
    const again = () => {
      MARK: mark('a refusal is answered again')
      throw errorFromReport(report)
    }
    this.#add(token, { at: now, again, characters: CHARACTERS_PER_CHANGE + report.message.length })
  }

  /**
   * Whether a write that is not remembered was certainly not answered before: since it was born, this instance
   * was there and has forgotten nothing. A wrong clock elsewhere is not enough to be mistaken: what was
   * answered within the resend window must be known too.
   *
   * @param born when the write was sent first, by its sender's clock.
   */
  knowsSince(born: Millis, now: Millis): boolean {
    return this.#horizon < Math.min(born - MAX_SKEW, now - RESEND_WINDOW)
  }

  #add(token: number, answered: Answered): void {
    this.#answered.set(token, answered)
    this.#characters += answered.characters
    this.#forget(answered.at)
  }

  #forget(now: Millis): void {
    for (const [token, { at, characters }] of this.#answered) {
      const crowded = this.#answered.size > MAX_ANSWERS || this.#characters > MAX_CHARACTERS
      if (!crowded && now - at <= RETENTION) return
      this.#answered.delete(token)
      this.#characters -= characters
      this.#horizon = Math.max(this.#horizon, at)
    }
  }
}
