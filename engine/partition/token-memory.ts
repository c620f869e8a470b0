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

/** Tokens that are kept; the oldest go first. A few MB. */
const MAX_TOKENS = 20_000
/** Characters of the answers that are kept with them; the oldest go first, and leave their tokens. About 8 MB. */
const MAX_CHARACTERS = 4_000_000
/** About what one change's result takes beside its text. */
const CHARACTERS_PER_CHANGE = 64

interface Answer {
  /** Answers again as the first time: with the result, or by throwing the refusal. */
  readonly again: () => WriteResult
  readonly characters: number
}

/**
 * The writes that this instance answered lately, refusals too, so that one that is sent again is answered and
 * not run again. Lost with the instance: what it does not know, the item's own row may.
 */
export class TokenMemory {
  /** When each write was decided. */
  readonly #decided = new Map<number, Millis>()
  /** What they were answered. */
  readonly #answers = new Map<number, Answer>()
  #characters = 0
  /** Every token that was decided after this is here. */
  #horizon: Millis

  /** @param startedAt when this instance began to know what is written. */
  constructor(startedAt: Millis) {
    this.#horizon = startedAt
  }

  /** Nothing, or what answers again as the first time: it returns the result or throws the refusal. */
  recall(token: number): (() => WriteResult) | undefined {
    return this.#answers.get(token)?.again
  }

  /** Whether a write was decided here, also when its answer is not here any more. */
  isDecided(token: number): boolean {
    return this.#decided.has(token)
  }

  remember(token: number, result: WriteResult, now: Millis): void {
    const characters = result.changes.reduce(
      (sum, change) => sum + CHARACTERS_PER_CHANGE + (change.made ? (change.item?.length ?? 0) : 0),
      0,
    )
    this.#add(token, { again: () => result, characters }, now)
  }

  rememberRefusal(token: number, error: unknown, now: Millis): void {
    // The error itself would hold on to the request that it was thrown for.
    const report = reportError(error)
    const again = () => {
      MARK: mark('a refusal is answered again')
      throw errorFromReport(report)
    }
    this.#add(token, { again, characters: CHARACTERS_PER_CHANGE + report.message.length }, now)
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

  #add(token: number, answer: Answer, now: Millis): void {
    this.#dropAnswer(token)
    this.#decided.set(token, now)
    this.#answers.set(token, answer)
    this.#characters += answer.characters
    for (const oldest of this.#answers.keys()) {
      if (this.#characters <= MAX_CHARACTERS) break
      this.#dropAnswer(oldest)
    }
    for (const [oldest, at] of this.#decided) {
      if (this.#decided.size <= MAX_TOKENS && now - at <= RETENTION) break
      this.#decided.delete(oldest)
      this.#dropAnswer(oldest)
      this.#horizon = Math.max(this.#horizon, at)
    }
  }

  #dropAnswer(token: number): void {
    this.#characters -= this.#answers.get(token)?.characters ?? 0
    this.#answers.delete(token)
  }
}
