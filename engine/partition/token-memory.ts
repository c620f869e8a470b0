import { errorFromReport, reportError } from '../errors.js'
import { mark } from '../mark.js'
import type { ItemKey, KeySet, KnownToken, MovedTokens, Version, WriteResult } from '../operations.js'
import type { Millis } from '../ports.js'
import { holds } from '../topology/key-set.js'
import { decodeDecided, encodeDecided } from './decided-write.js'
import { packKeys, unpackKeys } from './packed-keys.js'

/** No write is begun that is older than this: nobody waits for it any more. */
export const RETENTION: Millis = 600_000
/** A client gives up sooner than this after its first sending. */
export const RESEND_WINDOW: Millis = 30_000
/** How far apart the clocks of a Worker and of a partition are taken to be at most. */
export const MAX_SKEW: Millis = 10_000

/** Tokens that are kept; the oldest go first. A few MB. */
const MAX_TOKENS = 20_000
/** Characters of all of them, which are their keys above all: so many bytes. */
const MAX_CHARACTERS = 8_000_000
/** Characters of the answers that are kept with them; the oldest go first, and leave their tokens. About 8 MB. */
const MAX_ANSWER_CHARACTERS = 4_000_000
/** About what one change's result takes beside its text. */
const CHARACTERS_PER_CHANGE = 64

/** Characters of the tokens that move with their keys at most: the latest, with their answers. */
const MAX_MOVED_CHARACTERS = 4_000_000
/** Tokens that were decided longer ago do not move with their keys: nobody sends their writes again any more. */
const MOVE_YOUNGER_THAN: Millis = RESEND_WINDOW + 3 * MAX_SKEW

/** What a write was answered: its result, or its refusal. */
type Answer = NonNullable<KnownToken['answer']>

/**
 * The writes that this instance answered lately, refusals too, so that one that is sent again is answered and
 * not run again. Lost with the instance: what it does not know, the item's own row may.
 */
export class TokenMemory {
  /** By token, in the order in which they were decided: each as `encodeDecided` makes it. */
  readonly #decided = new Map<number, string>()
  #decidedCharacters = 0
  /** What they were answered, where a version is not all of it. */
  readonly #answers = new Map<number, Answer>()
  #answerCharacters = 0
  /** Every token that was decided after this is here. */
  #horizon: Millis

  /** @param startedAt when this instance began to know what is written. */
  constructor(startedAt: Millis) {
    this.#horizon = startedAt
  }

  /** Nothing, or what answers again as the first time: it returns the result or throws the refusal. */
  recall(token: number): (() => WriteResult) | undefined {
    const answer = this.#answerOf(token)
    return answer && (() => answerAgain(answer))
  }

  /** Whether a write was decided here, also when its answer is not here any more. */
  isDecided(token: number): boolean {
    return this.#decided.has(token)
  }

  remember(token: number, result: WriteResult, keys: readonly ItemKey[], now: Millis): void {
    this.#add(token, now, packKeys(keys), { result })
  }

  rememberRefusal(token: number, error: unknown, keys: readonly ItemKey[], now: Millis): void {
    // The error itself would hold on to the request that it was thrown for.
    this.#add(token, now, packKeys(keys), { error: reportError(error) })
  }

  /** What is known of the writes of a set's keys that may be sent again, and since when none is missing. */
  ofSet(set: KeySet, now: Millis): MovedTokens {
    let since = Math.max(this.#horizon, now - MOVE_YOUNGER_THAN)
    const known: KnownToken[] = []
    let characters = 0
    for (const [token, text] of [...this.#decided].reverse()) {
      const { at, keys } = decodeDecided(text)
      if (at < since || !holdsAny(set, keys)) continue
      const answer = this.#answerOf(token)
      characters += text.length + (answer === undefined ? 0 : charactersOf(answer))
      if (characters > MAX_MOVED_CHARACTERS) {
        since = at
        break
      }
      known.push({
        token,
        age: now - at,
        keys,
        ...(answer === undefined ? undefined : { answer }),
      })
    }
    return { now, since: now - since, known: known.reverse() }
  }

  /**
   * Takes over what another partition knew of the keys that it handed over, before anything is remembered here. What
   * the answer took to come makes it younger, and so does the clock that is ahead: that errs on the side of not knowing.
   */
  takeOver({ now: then, since, known }: MovedTokens, here: Millis): void {
    const now = Math.max(then, here)
    this.#horizon = now - since
    for (const { token, age, keys, answer } of known) {
      this.#add(token, now - age, keys, answer)
    }
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

  #answerOf(token: number): Answer | undefined {
    const text = this.#decided.get(token)
    const version = text === undefined ? undefined : decodeDecided(text).version
    return version === undefined
      ? this.#answers.get(token)
      : { result: { changes: [{ made: true, version }] } }
  }

  #add(token: number, at: Millis, keys: string, answer: Answer | undefined): void {
    this.#drop(token)
    const version = answer && versionAlone(answer)
    const text = encodeDecided({ at, version, keys })
    this.#decided.set(token, text)
    this.#decidedCharacters += text.length
    if (answer !== undefined && version === undefined) {
      this.#answers.set(token, answer)
      this.#answerCharacters += charactersOf(answer)
    }
    for (const oldest of this.#answers.keys()) {
      if (this.#answerCharacters <= MAX_ANSWER_CHARACTERS) break
      this.#dropAnswer(oldest)
    }
    for (const [oldest, text] of this.#decided) {
      const fits = this.#decided.size <= MAX_TOKENS && this.#decidedCharacters <= MAX_CHARACTERS
      const decided = decodeDecided(text)
      if (fits && at - decided.at <= RETENTION) break
      this.#drop(oldest)
      this.#horizon = Math.max(this.#horizon, decided.at)
    }
  }

  #drop(token: number): void {
    this.#dropAnswer(token)
    this.#decidedCharacters -= this.#decided.get(token)?.length ?? 0
    this.#decided.delete(token)
  }

  #dropAnswer(token: number): void {
    const answer = this.#answers.get(token)
    if (answer === undefined) return
    this.#answerCharacters -= charactersOf(answer)
    this.#answers.delete(token)
  }
}

/** The version, if the answer is that one change was made, and nothing else. */
function versionAlone(answer: Answer): Version | undefined {
  if ('error' in answer || answer.result.changes.length !== 1) return undefined
  const [change] = answer.result.changes
  return change?.made === true && change.item === undefined ? change.version : undefined
}

/** The result once more, or the refusal. @throws {FokosError} the refusal. */
function answerAgain(answer: Answer): WriteResult {
  if ('result' in answer) return answer.result
  MARK: mark('a refusal is answered again')
  throw errorFromReport(answer.error)
}

function charactersOf(answer: Answer): number {
  if ('error' in answer) return CHARACTERS_PER_CHANGE + answer.error.message.length
  return answer.result.changes.reduce(
    (sum, change) => sum + CHARACTERS_PER_CHANGE + (change.made ? (change.item?.length ?? 0) : 0),
    0,
  )
}

function holdsAny(set: KeySet, packed: string): boolean {
  for (const { hashKey, sortKey } of unpackKeys(packed)) if (holds(set, hashKey, sortKey)) return true
  return false
}
