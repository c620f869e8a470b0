import type { WriteResult } from '../operations.js'
import type { Millis } from '../ports.js'

/**
 * How long after its first sending a write may be sent again. A client gives up before this; a partition
 * remembers for longer.
 */
export const RESEND_WINDOW: Millis = 30_000

/** Answers are kept for this long, twice what a client needs. */
const KEEP: Millis = 2 * RESEND_WINDOW
/** Bounds on what is kept: the oldest go first. About 8 MB. */
const MAX_ANSWERS = 20_000
const MAX_CHARACTERS = 4_000_000

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
  readonly #startedAt: Millis
  readonly #answered = new Map<number, Answered>()
  #characters = 0
  /** When a token was last forgotten that a client might still send again. */
  #forgotAt = Number.NEGATIVE_INFINITY

  /** @param startedAt when this instance began to know what is written. */
  constructor(startedAt: Millis) {
    this.#startedAt = startedAt
  }

  /** Nothing, or what answers again as the first time: it returns the result or throws the refusal. */
  recall(token: number): (() => WriteResult) | undefined {
    return this.#answered.get(token)?.again
  }

  remember(token: number, result: WriteResult, now: Millis): void {
    const characters = result.changes.reduce(
      (sum, change) => sum + (change.made ? (change.item?.length ?? 0) : 0),
      0,
    )
    this.#add(token, { at: now, again: () => result, characters })
  }

  rememberRefusal(token: number, error: unknown, now: Millis): void {
    const again = () => {
      throw error
    }
    this.#add(token, { at: now, again, characters: 0 })
  }

  /**
   * Whether a token that is not remembered was certainly not answered within the resend window: the instance
   * is older than that and has forgotten none of it.
   */
  knowsAll(now: Millis): boolean {
    return now - Math.max(this.#startedAt, this.#forgotAt) > RESEND_WINDOW
  }

  #add(token: number, answered: Answered): void {
    this.#answered.set(token, answered)
    this.#characters += answered.characters
    this.#forget(answered.at)
  }

  #forget(now: Millis): void {
    for (const [token, { at, characters }] of this.#answered) {
      const crowded = this.#answered.size > MAX_ANSWERS || this.#characters > MAX_CHARACTERS
      const expired = now - at > KEEP
      if (!crowded && !expired) return
      this.#answered.delete(token)
      this.#characters -= characters
      if (!expired) this.#forgotAt = now
    }
  }
}
