import { errorFromReport, reportError } from '../errors.js'
import { mark } from '../mark.js'
import type { ItemKey, KeySet, KnownToken, MovedTokens, WriteResult } from '../operations.js'
import type { Millis } from '../ports.js'
import { holds } from '../topology/key-set.js'

/** No write is begun that is older than this: nobody waits for it any more. */
export const RETENTION: Millis = 600_000
/** A client gives up sooner than this after its first sending. */
export const RESEND_WINDOW: Millis = 30_000
/** How far apart the clocks of a Worker and of a partition are taken to be at most. */
export const MAX_SKEW: Millis = 10_000

/** Tokens that are kept; the oldest go first. A few MB. */
const MAX_TOKENS = 20_000
/** Keys of their writes, together. */
const MAX_KEYS = 100_000
/** Characters of the answers that are kept with them; the oldest go first, and leave their tokens. About 8 MB. */
const MAX_CHARACTERS = 4_000_000
/** About what one change's result takes beside its text. */
const CHARACTERS_PER_CHANGE = 64

/** Characters of the tokens that move with their keys at most: the latest, with their answers. */
const MAX_MOVED_CHARACTERS = 4_000_000
/** Tokens that were decided longer ago do not move with their keys: nobody sends their writes again any more. */
const MOVE_YOUNGER_THAN: Millis = RESEND_WINDOW + 3 * MAX_SKEW

interface Answer {
  /** Answers again as the first time: with the result, or by throwing the refusal. */
  readonly again: () => WriteResult
  readonly what: NonNullable<KnownToken['answer']>
  readonly characters: number
}

interface Decided {
  readonly at: Millis
  /** The keys that it was for. */
  readonly keys: readonly ItemKey[]
}

/**
 * The writes that this instance answered lately, refusals too, so that one that is sent again is answered and
 * not run again. Lost with the instance: what it does not know, the item's own row may.
 */
export class TokenMemory {
  /** When each write was decided. */
  readonly #decided = new Map<number, Decided>()
  /** What they were answered. */
  readonly #answers = new Map<number, Answer>()
  #characters = 0
  #keys = 0
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

  remember(token: number, result: WriteResult, keys: readonly ItemKey[], now: Millis): void {
    this.#remember(token, { result }, keys, now)
  }

  rememberRefusal(token: number, error: unknown, keys: readonly ItemKey[], now: Millis): void {
    // The error itself would hold on to the request that it was thrown for.
    this.#remember(token, { error: reportError(error) }, keys, now)
  }

  /** What is known of the writes of a set's keys that may be sent again, and since when none is missing. */
  ofSet(set: KeySet, now: Millis): MovedTokens {
    let since = Math.max(this.#horizon, now - MOVE_YOUNGER_THAN)
    const known: KnownToken[] = []
    let characters = 0
    for (const [token, { at, keys }] of [...this.#decided].reverse()) {
      if (at < since) continue
      if (!keys.some(({ hashKey, sortKey }) => holds(set, hashKey, sortKey))) continue
      const answer = this.#answers.get(token)
      characters += keysSize(keys) + (answer?.characters ?? 0)
      if (characters > MAX_MOVED_CHARACTERS) {
        since = at
        break
      }
      known.push({
        token,
        age: now - at,
        keys,
        ...(answer === undefined ? undefined : { answer: answer.what }),
      })
    }
    return { since: now - since, known: known.reverse() }
  }

  /**
   * Takes over what another partition knew of the keys that it handed over, before anything is remembered here. What
   * the answer took to come makes it younger: that errs on the side of not knowing.
   */
  takeOver({ since, known }: MovedTokens, now: Millis): void {
    this.#horizon = now - since
    for (const { token, age, keys, answer } of known) {
      if (answer !== undefined) this.#remember(token, answer, keys, now - age)
      else this.#decide(token, { at: now - age, keys })
    }
  }

  #remember(token: number, what: Answer['what'], keys: readonly ItemKey[], at: Millis): void {
    if ('result' in what) {
      const { result } = what
      const characters = result.changes.reduce(
        (sum, change) => sum + CHARACTERS_PER_CHANGE + (change.made ? (change.item?.length ?? 0) : 0),
        0,
      )
      this.#add(token, { again: () => result, what, characters }, keys, at)
      return
    }
    const again = () => {
      MARK: mark('a refusal is answered again')
      throw errorFromReport(what.error)
    }
    const characters = CHARACTERS_PER_CHANGE + what.error.message.length
    this.#add(token, { again, what, characters }, keys, at)
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

  #add(token: number, answer: Answer, keys: readonly ItemKey[], now: Millis): void {
    this.#dropAnswer(token)
    this.#decide(token, { at: now, keys })
    this.#answers.set(token, answer)
    this.#characters += answer.characters
    for (const oldest of this.#answers.keys()) {
      if (this.#characters <= MAX_CHARACTERS) break
      this.#dropAnswer(oldest)
    }
    for (const [oldest, { at, keys }] of this.#decided) {
      if (this.#decided.size <= MAX_TOKENS && this.#keys <= MAX_KEYS && now - at <= RETENTION) break
      this.#keys -= keys.length
      this.#decided.delete(oldest)
      this.#dropAnswer(oldest)
      this.#horizon = Math.max(this.#horizon, at)
    }
  }

  #decide(token: number, decided: Decided): void {
    this.#keys += decided.keys.length - (this.#decided.get(token)?.keys.length ?? 0)
    this.#decided.set(token, decided)
  }

  #dropAnswer(token: number): void {
    this.#characters -= this.#answers.get(token)?.characters ?? 0
    this.#answers.delete(token)
  }
}

function keysSize(keys: readonly ItemKey[]): number {
  return keys.reduce((sum, { hashKey, sortKey }) => sum + hashKey.length + sortKey.length, 0)
}
