import { mapConcurrently } from '../concurrently.js'
import {
  errorFromReport,
  FokosError,
  InternalError,
  InvalidRequestError,
  LimitError,
  OutcomeUnknownError,
  reportError,
  TransactionConflictError,
  UnavailableError,
} from '../errors.js'
import { mark } from '../mark.js'
import {
  type Attempt,
  type AttemptOutcome,
  type ChangeResult,
  type InquireAnswer,
  type PartitionAnswer,
  type PartitionInquire,
  type PartitionOperation,
  type PartitionTransact,
  type PinnedSettings,
  type PrepareAnswer,
  REQUEST_VERSION,
  type TransactAnswer,
  type TransactionPart,
  type Version,
} from '../operations.js'
import type { Millis, PartitionName } from '../ports.js'
import { applyWrites } from './apply-writes.js'
import { type Claim, claimOf } from './claim.js'
import { checkSeen, type Evaluation, evaluatePart, reasonsOf, refusalOf } from './evaluate-part.js'
import { type Lock, passOrConflict, type Turn } from './lock-table.js'
import type { Opened, Place } from './place.js'
import { answerAgain, type Participant, type StoredRecord } from './record-store.js'
import { MAX_SKEW, RETENTION } from './token-memory.js'
import { within } from './within.js'

/** Sendings of one message to a participant, as long as no answer comes. */
const MAX_SENDINGS = 4
const FIRST_BACKOFF: Millis = 20
/** A participant that does not answer for so long is taken to be lost. Longer than it may wait for locks. */
const CALL_PATIENCE: Millis = 8_000
/** Characters that a transaction answers at most: its answer is kept for ten minutes, in its record. */
const MAX_ANSWER_CHARACTERS = 500_000
/** Records are kept so much longer than anybody may ask for them. */
const RECORD_MARGIN: Millis = 60_000
/** Records that are looked at in one section. */
const RECORDS_PER_SECTION = 500
/** Records whose participants are told at the same time. */
const RECORDS_AT_ONCE = 8
/** How often records are looked at while there are any. */
const RECORDS_LOOKED_AT_EVERY: Millis = 660_000

/** An attempt under way: it dies with the instance, which nobody but this instance could commit. */
interface Undertaking {
  readonly attempt: Attempt
  readonly locks: readonly Lock[]
  /** What the home's own part comes to, or why it does not hold. */
  readonly own: Evaluation | FokosError
}

/** What became of asking one participant to prepare. */
type Reply =
  | { readonly kind: 'prepared'; readonly answer: PrepareAnswer }
  /** An older transaction is in the way, or no answer came: another attempt may do better. */
  | { readonly kind: 'busy' | 'lost' }
  | { readonly kind: 'refused'; readonly error: FokosError }

/** What a partition does for transactions whose home it is. */
export class Coordinator {
  readonly #place: Place
  /** Transactions that are not decided yet, by token: a second sending of one joins it. */
  readonly #underWay = new Map<
    number,
    { readonly done: Promise<TransactAnswer>; readonly digest: number | undefined }
  >()
  /** Attempts that may still be committed. */
  readonly #deciding = new Set<number>()
  /** Transactions of which every participant has acknowledged the commit, to this instance. */
  readonly #acknowledged = new Set<number>()
  /** When records are looked at again. */
  #looksAt: Millis = Number.NEGATIVE_INFINITY

  constructor(place: Place) {
    this.#place = place
  }

  /**
   * Does a transaction, once. One section if all of it is here; it may be blocked. Else several attempts, of
   * which each locks everything, and at most one is committed.
   *
   * @throws {TransactionConflictError} when something is not as it was seen, or is locked for too long.
   * @throws {OutcomeUnknownError} when it was sent before, so long ago that nothing is known of it any more.
   */
  transact(
    operation: PartitionTransact,
    settings: PinnedSettings,
    turn: Turn,
  ): TransactAnswer | Promise<TransactAnswer> {
    const known = this.#recall(operation)
    if (known !== undefined) return known
    const joined = this.#underWay.get(operation.token)
    if (joined !== undefined) {
      MARK: mark('a transaction that is sent again joins the one under way')
      checkDigest(joined.digest, operation)
      return joined.done
    }
    this.#checkAge(operation)
    if (operation.others.length === 0) {
      return this.#commitHere(operation, settings, turn)
    }
    const done = this.#undertake(operation, settings, turn).finally(() =>
      this.#underWay.delete(operation.token),
    )
    this.#underWay.set(operation.token, { done, digest: operation.digest })
    return done
  }

  /** Whether what a sending is refused for now is what every sending of it is told. */
  isDecided(operation: PartitionTransact, refusal: FokosError): boolean {
    if (refusal.details.reused === true) return true
    const record = this.#place.open()?.records.get(homeKey(operation), operation.token)
    return record !== undefined
  }

  /**
   * What became of an attempt. Who finds nothing writes so before saying it: if another instance of this
   * partition is about to commit, only one of the two can write.
   */
  inquire({ attempt }: PartitionInquire): InquireAnswer {
    const { hashKey, token, id } = attempt
    const opened = this.#place.open()
    const record = opened?.records.get(hashKey, token)
    if (record?.outcome === 'committed' && record.attempt === id) {
      const proposals = record.participants.flatMap((participant) => participant.proposals)
      return { outcome: { committed: true, at: record.at, proposals } }
    }
    if (record !== undefined) return { outcome: { committed: false } }
    if (this.#deciding.has(id)) return { outcome: 'deciding' }
    this.#wakeForRecords()
    this.#place.writing(({ records }) => {
      if (records.get(hashKey, id) !== undefined) return
      MARK: mark('a home that knows nothing of an attempt says that it is aborted')
      this.#place.ports.storage.atomic(() => {
        records.put({ hashKey, id, stored: this.#now }, { outcome: 'aborted' })
      })
    })
    return { outcome: { committed: false } }
  }

  /**
   * Forgets records that nobody may ask for any more, if it is time to look. One whose participants may not all
   * know is kept until they do.
   *
   * @returns when to look again; never, when no records are left.
   */
  async forgetOld(): Promise<Millis | undefined> {
    if (this.#now < this.#looksAt) return this.#looksAt
    this.#looksAt = this.#now + RECORDS_LOOKED_AT_EVERY
    const before = this.#now - RETENTION - RECORD_MARGIN
    let left = false
    for (let behind: StoredRecord | undefined; ; ) {
      const page = this.#place.open()?.records.page(behind, RECORDS_PER_SECTION) ?? []
      const old = page.filter(({ stored }) => stored < before)
      const gone = await mapConcurrently(old, RECORDS_AT_ONCE, (record) => this.#isSettled(record))
      if (gone.includes(true)) {
        this.#place.writing(({ records, facts }) => {
          this.#place.ports.storage.atomic(() => {
            // A clock that leaps forgets too early: what was born since then may have happened.
            facts.set('forgotten', Math.max(before, (facts.get('forgotten') ?? 0) as number))
            old.forEach((record, i) => {
              if (gone[i]) records.remove(record)
            })
          })
        })
      }
      left ||= page.length > old.length || gone.includes(false)
      for (const { id } of old) this.#acknowledged.delete(id)
      behind = page.at(-1)
      if (page.length < RECORDS_PER_SECTION) return left ? this.#looksAt : undefined
      await this.#place.ports.clock.sleep(0)
    }
  }

  /** What an earlier sending was told, if there was one. */
  #recall(operation: PartitionTransact): TransactAnswer | undefined {
    const record = this.#place.open()?.records.get(homeKey(operation), operation.token)
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

  #checkAge({ born, resent }: PartitionTransact): void {
    const age = this.#now - born
    const forgotten = (this.#place.open()?.facts.get('forgotten') ?? Number.NEGATIVE_INFINITY) as number
    if (age <= RETENTION && !(resent && born - MAX_SKEW < forgotten)) return
    throw new OutcomeUnknownError(
      `this transaction was first sent ${Math.round(age / 1_000)} s ago by its sender's clock, and the partition ` +
        'remembers none so old: read the rows to see whether it happened',
      { age, limit: RETENTION },
    )
  }

  /** All of it in this partition: one section. */
  #commitHere(operation: PartitionTransact, settings: PinnedSettings, turn: Turn): TransactAnswer {
    const { part, token } = operation
    this.#pass(claimOf(part), part, turn)
    const evaluation = this.#evaluate(operation)
    this.#wakeForRecords()
    return this.#place.writing((opened) => {
      opened.versions.reserve()
      this.#place.locks.unreserve(turn.age)
      return this.#commit(opened, {
        settings,
        hashKey: homeKey(operation),
        token,
        digest: operation.digest,
        attempt: token,
        evaluation,
        changes: evaluation.changes,
        participants: [],
      })
    })
  }

  /** Applies the home's own writes and the record of the transaction: the moment of the commit. */
  #commit(
    opened: Opened,
    what: {
      readonly settings: PinnedSettings
      readonly hashKey: Uint8Array
      readonly token: number
      readonly digest: number | undefined
      readonly attempt: number
      readonly evaluation: Evaluation
      readonly changes: readonly ChangeResult[]
      readonly participants: readonly Participant[]
    },
  ): TransactAnswer {
    const { settings, hashKey, token, digest, attempt, evaluation, changes, participants } = what
    checkAnswerSize(changes)
    return this.#place.ports.storage.atomic(() => {
      const at = opened.versions.tick()
      if (evaluation.writes.length > 0) this.#place.pin(settings)
      applyWrites(evaluation.writes, opened, token)
      const dated = changes.map((change) => (change.made ? { ...change, version: at } : change))
      opened.records.put(
        { hashKey, id: token, stored: this.#now },
        { outcome: 'committed', settings, attempt, at, changes: dated, participants, digest },
      )
      return { changes: dated, at }
    })
  }

  /** Attempt after attempt, until one is committed or it is clear that none can be. */
  async #undertake(
    operation: PartitionTransact,
    settings: PinnedSettings,
    turn: Turn,
  ): Promise<TransactAnswer> {
    const { clock, random } = this.#place.ports
    for (let attempts = 1; ; attempts++) {
      const undertaking = await this.#place.whenFree(turn, () => this.#begin(operation, settings, turn))
      let replies: readonly Reply[] = operation.others.map(() => ({ kind: 'lost' }))
      let answer: TransactAnswer | undefined
      try {
        replies = await this.#prepareAll(undertaking, operation, settings)
        answer = this.#decide(undertaking, replies, operation, settings)
        if (answer !== undefined) return answer
      } finally {
        this.#end(undertaking, replies, operation, answer?.at)
      }
      // Another instance may have decided it.
      const decided = this.#recall(operation)
      if (decided !== undefined) return decided
      if (clock.now() >= turn.until) throw tooLong(replies)
      MARK: mark('a transaction makes another attempt')
      await clock.sleep(random.fraction() * Math.min(500, 5 * 2 ** attempts))
    }
  }

  /** Begins an attempt: checks the home's own part, and locks it in memory. One section. */
  #begin(operation: PartitionTransact, settings: PinnedSettings, turn: Turn): Undertaking {
    const { locks, ports } = this.#place
    const claim = claimOf(operation.part)
    this.#pass(claim, operation.part, turn)
    let own: Evaluation | FokosError
    try {
      own = this.#evaluate(operation)
    } catch (error) {
      // Where every item has a reason of its own, the others are asked for theirs.
      if (!(error instanceof FokosError) || operation.refusals === 'conflict') throw error
      own = error
    }
    const attempt: Attempt = {
      id: ports.random.token(),
      token: operation.token,
      home: ports.name,
      hashKey: homeKey(operation),
      age: turn.age,
      settings,
    }
    const held = [...claim.values()].map(
      (ofHashKey): Lock => ({
        attempt,
        claim: ofHashKey,
        prepared: false,
      }),
    )
    for (const lock of held) locks.add(lock)
    this.#deciding.add(attempt.id)
    return { attempt, locks: held, own }
  }

  /** Waits for nothing that would be in vain: what was seen and has changed never comes back. */
  #pass(claim: Claim, { seen }: TransactionPart, turn: Turn): void {
    const { locks } = this.#place
    if (locks.idle) return
    checkSeen(seen, this.#place.items())
    passOrConflict(locks, claim, 'write', turn)
  }

  #evaluate({ part, token, returning, refusals }: PartitionTransact): Evaluation {
    const { limits } = this.#place
    return evaluatePart(part, { items: this.#place.items(), limits, token, returning, refusals })
  }

  /**
   * Asks all participants to prepare. One that does not is the end of the attempt: who is outranked must not hold
   * what the older one waits for. Only where every item has its reason are all of them heard.
   */
  #prepareAll(
    { attempt }: Undertaking,
    operation: PartitionTransact,
    settings: PinnedSettings,
  ): Promise<readonly Reply[]> {
    return new Promise((resolve, reject) => {
      const replies: Reply[] = operation.others.map(() => ({ kind: 'lost' }))
      let missing = replies.length
      operation.others.forEach(({ partition, part }, i) => {
        this.#prepare(partition, part, attempt, operation, settings).then((reply) => {
          replies[i] = reply
          missing--
          if (missing === 0 || (reply.kind !== 'prepared' && operation.refusals === 'conflict')) {
            resolve([...replies])
          }
        }, reject)
      })
    })
  }

  async #prepare(
    partition: PartitionName,
    part: TransactionPart,
    attempt: Attempt,
    { returning, refusals }: PartitionTransact,
    settings: PinnedSettings,
  ): Promise<Reply> {
    const { clock, random } = this.#place.ports
    for (let sendings = 1; sendings <= MAX_SENDINGS && this.#deciding.has(attempt.id); sendings++) {
      if (sendings > 1) await clock.sleep(random.fraction() * FIRST_BACKOFF * 4 ** sendings)
      try {
        const answer = await this.#call(partition, settings, {
          kind: 'prepare',
          attempt,
          part,
          refusals,
          ...(returning === undefined ? undefined : { returning }),
        })
        if (answer.ok) return { kind: 'prepared', answer: answer.result as PrepareAnswer }
        const { code, details } = answer.error
        if (details?.busy === true) return { kind: 'busy' }
        if (code !== 'unavailable' && code !== 'overloaded') {
          return { kind: 'refused', error: errorFromReport(answer.error) }
        }
      } catch (error) {
        if (error instanceof FokosError) return { kind: 'refused', error }
        // Whether it arrived does not matter: prepared twice is prepared once.
        MARK: mark('a prepare is sent again')
      }
    }
    return { kind: 'lost' }
  }

  /** One call, for which nobody waits for ever. */
  #call(
    partition: PartitionName,
    settings: PinnedSettings,
    operation: PartitionOperation,
  ): Promise<PartitionAnswer> {
    const { peers, clock } = this.#place.ports
    return within(
      CALL_PATIENCE,
      clock,
      peers.call(partition, { version: REQUEST_VERSION, settings, operation }),
    )
  }

  /**
   * Commits an attempt that everybody has prepared. One section.
   *
   * @returns nothing when another attempt may do better.
   * @throws {FokosError} why no attempt can be committed.
   */
  #decide(
    { attempt, own }: Undertaking,
    replies: readonly Reply[],
    operation: PartitionTransact,
    settings: PinnedSettings,
  ): TransactAnswer | undefined {
    const refusal = refusalAmong(own, replies)
    if (refusal !== undefined) throw refusal
    if (own instanceof FokosError || replies.some(({ kind }) => kind !== 'prepared')) return undefined
    const participants = participantsOf(operation, replies)
    const changes = inOrder(operation, own.changes, replies)
    this.#wakeForRecords()
    return this.#place.writing((opened) => {
      const { hashKey, token, id } = attempt
      const { records, versions } = opened
      if (records.get(hashKey, token) !== undefined || records.get(hashKey, id) !== undefined) {
        MARK: mark('an attempt finds that it must not be committed')
        return undefined
      }
      for (const { proposals } of participants) for (const { at } of proposals) versions.follow(at)
      versions.reserve()
      return this.#commit(opened, {
        settings,
        hashKey,
        token,
        digest: operation.digest,
        attempt: id,
        evaluation: own,
        changes,
        participants,
      })
    })
  }

  /**
   * Gives back what an attempt holds, here and elsewhere. Who does not hear of it will ask.
   *
   * @param at when it was committed, if it was.
   */
  #end(
    { attempt, locks }: Undertaking,
    replies: readonly Reply[],
    operation: PartitionTransact,
    at: Version | undefined,
  ): void {
    this.#deciding.delete(attempt.id)
    if (at !== undefined) this.#place.locks.unreserve(attempt.age)
    this.#place.locks.release(locks)
    void this.#tell(operation, attempt, replies, at)
  }

  async #tell(
    operation: PartitionTransact,
    { id, settings }: Attempt,
    replies: readonly Reply[],
    at: Version | undefined,
  ): Promise<void> {
    const heard = await Promise.all(
      participantsOf(operation, replies).map(({ partition, proposals }, i) => {
        const kind = replies[i]?.kind
        // Who refused has locked nothing.
        if (kind === 'refused' || kind === 'busy') return true
        const outcome: AttemptOutcome =
          at === undefined ? { committed: false } : { committed: true, at, proposals }
        const { part } = operation.others[i] as (typeof operation.others)[number]
        return this.#tellOne(partition, id, hashKeysOf(part), outcome, settings)
      }),
    )
    if (at !== undefined && heard.every((one) => one)) this.#acknowledged.add(operation.token)
  }

  /** @returns whether it was acknowledged. Never throws. */
  async #tellOne(
    partition: PartitionName,
    attempt: number,
    hashKeys: readonly Uint8Array[],
    outcome: AttemptOutcome,
    settings: PinnedSettings,
  ): Promise<boolean> {
    const { clock, random } = this.#place.ports
    for (let sendings = 1; sendings <= MAX_SENDINGS; sendings++) {
      if (sendings > 1) await clock.sleep(random.fraction() * FIRST_BACKOFF * 4 ** sendings)
      try {
        const answer = await this.#call(partition, settings, { kind: 'finish', attempt, hashKeys, outcome })
        if (answer.ok) return true
      } catch {
        MARK: mark('the outcome of an attempt is told again')
      }
    }
    return false
  }

  /** Whether nobody needs a record any more. */
  async #isSettled({ hashKey, id }: StoredRecord): Promise<boolean> {
    if (this.#acknowledged.has(id)) return true
    const record = this.#place.open()?.records.get(hashKey, id)
    if (record?.outcome !== 'committed') return true
    const { attempt, at, participants, settings } = record
    const heard = await Promise.all(
      participants.map(({ partition, proposals }) => {
        const hashKeys = proposals.map(({ hashKey }) => hashKey)
        return this.#tellOne(partition, attempt, hashKeys, { committed: true, at, proposals }, settings)
      }),
    )
    return heard.every((one) => one)
  }

  /**
   * Refuses a sending, so that every later one of the same transaction is refused too.
   *
   * Of a first sending, memory is enough: a copy of it reaches this instance or none. One that was sent again has
   * another on its way, maybe to another instance: what it is told is stored.
   */
  refuse(error: unknown, operation: PartitionTransact, turn: Turn): TransactAnswer {
    if (!(error instanceof FokosError) || error instanceof OutcomeUnknownError) throw error
    // It says nothing of the transaction whose token it is.
    if (error.details.reused === true) throw error
    if (error instanceof TransactionConflictError) Object.assign(error.details, { age: turn.age })
    this.#place.locks.unreserve(turn.age)
    const { token, resent, digest } = operation
    if (!resent) {
      this.#place.tokens.rememberRefusal(token, error, this.#now)
      throw error
    }
    const place = { hashKey: homeKey(operation), id: token, stored: this.#now }
    this.#wakeForRecords()
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

  #wakeForRecords(): void {
    this.#place.wakeBy(this.#now + RETENTION + 2 * RECORD_MARGIN)
  }

  get #now(): Millis {
    return this.#place.ports.clock.now()
  }
}

/** The hash key that a transaction's record lies at: that of its first change. */
function homeKey({ part }: PartitionTransact): Uint8Array {
  const [first] = part.changes
  if (first === undefined) throw new InternalError("a transaction's first change is in its home")
  return first.change.key.hashKey
}

function hashKeysOf(part: TransactionPart): Uint8Array[] {
  return [...claimOf(part).values()].map(({ hashKey }) => hashKey)
}

/** @throws {InvalidRequestError} when a token was given to two transactions that are not the same. */
function checkDigest(known: number | undefined, { digest }: PartitionTransact): void {
  if (known === digest) return
  throw new InvalidRequestError(
    'the token was given to another transaction within the last ten minutes: take a new token for each',
    { reused: true },
  )
}

/** Everybody else who takes part, with what they propose; nothing, who has not prepared. */
function participantsOf({ others }: PartitionTransact, replies: readonly Reply[]): Participant[] {
  return others.map(({ partition }, i) => {
    const reply = replies[i]
    return { partition, proposals: reply?.kind === 'prepared' ? reply.answer.proposals : [] }
  })
}

/** Why a transaction is refused for good, if it is. */
function refusalAmong(own: Evaluation | FokosError, replies: readonly Reply[]): FokosError | undefined {
  const errors = [
    ...(own instanceof FokosError ? [own] : []),
    ...replies.flatMap((reply) => (reply.kind === 'refused' ? [reply.error] : [])),
  ]
  const reasons = errors.flatMap(reasonsOf)
  return reasons.length > 0 ? refusalOf(reasons) : errors[0]
}

/** The results of all changes, in the order in which they were sent. */
function inOrder(
  { part, others }: PartitionTransact,
  own: readonly ChangeResult[],
  replies: readonly Reply[],
): ChangeResult[] {
  const changes: ChangeResult[] = []
  const place = ({ changes: planned }: TransactionPart, results: readonly ChangeResult[]) =>
    planned.forEach(({ index }, i) => {
      changes[index] = results[i] as ChangeResult
    })
  place(part, own)
  others.forEach((other, i) => {
    const reply = replies[i]
    if (reply?.kind === 'prepared') place(other.part, reply.answer.changes)
  })
  return changes
}

function checkAnswerSize(changes: readonly ChangeResult[]): void {
  const characters = changes.reduce((sum, change) => sum + (change.made ? (change.item?.length ?? 0) : 0), 0)
  if (characters <= MAX_ANSWER_CHARACTERS) return
  throw new LimitError(
    `a transaction's changes return at most ${MAX_ANSWER_CHARACTERS} characters, not ${characters}: ` +
      'return fewer columns, or change fewer rows at once',
    { limit: MAX_ANSWER_CHARACTERS, size: characters },
  )
}

/** Why there is no further attempt. */
function tooLong(replies: readonly Reply[]): FokosError {
  if (replies.some(({ kind }) => kind === 'lost')) {
    return new UnavailableError('a partition that the transaction needs did not answer')
  }
  return new TransactionConflictError('older transactions were at the same rows for too long', { busy: true })
}
