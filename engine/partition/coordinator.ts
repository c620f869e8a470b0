import { cutParts, sumsAgree } from '../changes/cut-part.js'
import { isOver } from '../changes/ending.js'
import { FokosError } from '../errors.js'
import { mark } from '../mark.js'
import type {
  Attempt,
  InquireAnswer,
  PartitionInquire,
  PartitionTransact,
  PinnedSettings,
  TransactAnswer,
  TransactionPart,
  Version,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { type Claim, claimOf } from './claim.js'
import { commitTransaction } from './commit-transaction.js'
import { checkDigest, Decisions } from './decisions.js'
import { checkSeen, type Evaluation, evaluatePart, intervalChanged } from './evaluate-part.js'
import { homeKey } from './home-key.js'
import { type Lock, passOrConflict, type Turn } from './lock-table.js'
import type { Place } from './place.js'
import { RecordRetention } from './record-retention.js'
import { inOrder, participantOf, type Share, sumsOf, tooLong } from './share.js'
import { spotsOfPart } from './spots.js'
import { tellShares } from './tell-outcome.js'
import { prepareAll, refusalAmong, type Undertaking } from './undertaking.js'

/** What a partition does for transactions whose home it is. */
export class Coordinator {
  readonly #place: Place
  readonly #retention: RecordRetention
  readonly #decisions: Decisions
  /** Transactions that are not decided yet, by token: a second sending of one joins it. */
  readonly #underWay = new Map<
    number,
    { readonly done: Promise<TransactAnswer>; readonly digest: number | undefined }
  >()
  /** Attempts that may still be committed. */
  readonly #deciding = new Set<number>()

  constructor(place: Place) {
    this.#place = place
    this.#retention = new RecordRetention(place)
    this.#decisions = new Decisions(place, this.#retention)
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
    const known = this.#decisions.recall(operation)
    if (known !== undefined) return known
    this.#decisions.checkAge(operation)
    const whole = this.#wholePart(operation)
    if (whole !== undefined) return this.#commitHere({ ...operation, part: whole }, settings, turn)
    const done = this.#undertake(operation, settings, turn).finally(() =>
      this.#underWay.delete(operation.token),
    )
    // The section that it began in may fail after it, and then nobody waits for it.
    done.catch(() => {})
    this.#underWay.set(operation.token, { done, digest: operation.digest })
    return done
  }

  /** What another sending of a transaction comes to that is under way here, if one is. */
  joined(operation: PartitionTransact): Promise<TransactAnswer> | undefined {
    const underWay = this.#underWay.get(operation.token)
    if (underWay === undefined) return undefined
    MARK: mark('a transaction that is sent again joins the one under way')
    checkDigest(underWay.digest, operation)
    return underWay.done
  }

  /** Whether it is under way here, or known what came of it. */
  knows(operation: PartitionTransact): boolean {
    return this.#underWay.has(operation.token) || this.#decisions.knows(operation)
  }

  /** All of a transaction, if all of it is here. */
  #wholePart({ part, others, cuts }: PartitionTransact): TransactionPart | undefined {
    const isHere = (each: TransactionPart) => this.#place.isHere(spotsOfPart(each))
    if (others.length === 0 && cuts === undefined) return isHere(part) ? part : undefined
    if (![part, ...others.map((other) => other.part)].every(isHere)) return undefined
    const { parts } = cutParts([part, ...others.map((other) => other.part)], this.#place.picture)
    return parts.size === 1 ? parts.get(this.#place.ports.name) : undefined
  }

  /** Whether what a sending is refused for now is what every sending of it is told. */
  isDecided(operation: PartitionTransact, refusal: FokosError): boolean {
    return this.#decisions.isDecided(operation, refusal)
  }

  /**
   * What became of an attempt. Who finds nothing writes so before saying it: if another instance of this
   * partition is about to commit, only one of the two can write.
   */
  inquire({ attempt }: PartitionInquire): InquireAnswer {
    const { hashKey, sortKey, token, id } = attempt
    const opened = this.#place.open()
    const record = opened?.records.get(hashKey, token)
    if (record?.outcome === 'committed' && record.attempt === id) {
      const proposals = record.participants.flatMap((participant) => participant.proposals)
      return { outcome: { committed: true, at: record.at, proposals } }
    }
    if (record !== undefined) return { outcome: { committed: false } }
    if (this.#deciding.has(id)) return { outcome: 'deciding' }
    this.#retention.wake()
    this.#place.writing(({ records }) => {
      if (records.get(hashKey, id) !== undefined) return
      MARK: mark('a home that knows nothing of an attempt says that it is aborted')
      this.#place.ports.storage.atomic(() => {
        records.put({ hashKey, sortKey, id, stored: this.#place.ports.clock.now() }, { outcome: 'aborted' })
      })
    })
    return { outcome: { committed: false } }
  }

  /** All of it in this partition: one section. */
  #commitHere(operation: PartitionTransact, settings: PinnedSettings, turn: Turn): TransactAnswer {
    const { part, token, cuts = [] } = operation
    this.#pass(claimOf(part), part, turn)
    const evaluation = this.#evaluate(operation, part)
    if (!sumsAgree(cuts, [evaluation.sums])) throw intervalChanged()
    this.#retention.wake()
    return this.#place.writing((opened) => {
      opened.versions.reserve()
      this.#place.locks.unreserve(turn.age)
      return commitTransaction(this.#place, opened, {
        settings,
        key: homeKey(operation),
        token,
        digest: operation.digest,
        attempt: token,
        evaluation,
        changes: inOrder(part, evaluation.changes, []),
        participants: [],
      })
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
      const undertaking = await this.#place.whenFree(turn, () => {
        this.#place.checkHere([homeKey(operation)], { ...operation, age: turn.age })
        return this.#begin(operation, settings, turn)
      })
      let answer: TransactAnswer | undefined
      try {
        await prepareAll(this.#place, undertaking, operation)
        answer = this.#decide(undertaking, operation, settings)
        if (answer !== undefined) return answer
      } finally {
        this.#end(undertaking, operation, answer?.at)
      }
      this.#place.checkHere([homeKey(operation)], { ...operation, age: turn.age })
      // Another instance may have decided it.
      const decided = this.#decisions.recall(operation)
      if (decided !== undefined) return decided
      if (clock.now() >= turn.until) throw tooLong(undertaking.shares)
      MARK: mark('a transaction makes another attempt')
      await clock.sleep(random.fraction() * Math.min(500, 5 * 2 ** attempts))
    }
  }

  /** Begins an attempt: checks the home's own part, and locks it in memory. One section. */
  #begin(operation: PartitionTransact, settings: PinnedSettings, turn: Turn): Undertaking {
    const { locks, ports, picture } = this.#place
    for (const { partition } of operation.others) this.#place.hint(partition)
    const whole = [operation.part, ...operation.others.map(({ part }) => part)]
    const { parts, cuts } = cutParts(whole, picture, operation.cuts)
    const part = parts.get(ports.name) ?? { seen: { items: [], intervals: [] }, changes: [] }
    const shares = [...parts]
      .filter(([partition]) => partition !== ports.name)
      .map(
        ([partition, part], piece): Share => ({ partition, part, piece, rounds: 0, reply: { kind: 'lost' } }),
      )
    const claim = claimOf(part)
    this.#pass(claim, part, turn)
    const { result: own, until } = this.#place.items().lasting(() => this.#evaluateOrReason(operation, part))
    const attempt: Attempt = {
      id: ports.random.token(),
      token: operation.token,
      home: ports.name,
      ...homeKey(operation),
      age: turn.age,
      settings,
    }
    const held = [...claim.values()].map(
      (ofHashKey): Lock => ({
        attempt,
        claim: ofHashKey,
        prepared: false,
        piece: 0,
      }),
    )
    for (const lock of held) locks.add(lock)
    this.#deciding.add(attempt.id)
    return { attempt, locks: held, part, own, until, shares, cuts, over: false }
  }

  /** Waits for nothing that would be in vain: what was seen and has changed never comes back. */
  #pass(claim: Claim, { seen }: TransactionPart, turn: Turn): void {
    const { locks } = this.#place
    if (locks.idle) return
    checkSeen(seen, this.#place.items())
    passOrConflict(locks, claim, 'write', turn)
  }

  /** Where every item has a reason of its own to be refused, the others are asked for theirs. */
  #evaluateOrReason(operation: PartitionTransact, part: TransactionPart): Evaluation | FokosError {
    try {
      return this.#evaluate(operation, part)
    } catch (error) {
      if (!(error instanceof FokosError) || operation.refusals === 'conflict') throw error
      return error
    }
  }

  #evaluate({ token, returning, refusals }: PartitionTransact, part: TransactionPart): Evaluation {
    const { limits, ends, ports } = this.#place
    const { checkItem } = ports
    return evaluatePart(part, {
      items: this.#place.items(),
      ends,
      limits,
      checkItem,
      token,
      returning,
      refusals,
    })
  }

  /**
   * Commits an attempt that everybody has prepared. One section.
   *
   * @returns nothing when another attempt may do better.
   * @throws {FokosError} why no attempt can be committed.
   */
  #decide(
    undertaking: Undertaking,
    operation: PartitionTransact,
    settings: PinnedSettings,
  ): TransactAnswer | undefined {
    const refusal = refusalAmong(undertaking)
    if (refusal !== undefined) throw refusal
    const { attempt, part, own, shares, cuts } = undertaking
    if (own instanceof FokosError || shares.some(({ reply }) => reply.kind !== 'prepared')) return undefined
    if (!sumsAgree(cuts, [own.sums, ...shares.map(sumsOf)])) throw intervalChanged()
    if (!this.#place.isHere([homeKey(operation), ...spotsOfPart(part)])) {
      MARK: mark('a home has moved before it could decide')
      return undefined
    }
    // Reads do not wait for what a home has locked: somebody may have found it gone already.
    if (isOver(undertaking.until, this.#place.ends.now)) return undefined
    const changes = inOrder(part, own.changes, shares)
    this.#retention.wake()
    return this.#place.writing((opened) => {
      const { hashKey, token, id } = attempt
      const { records, versions } = opened
      if (records.get(hashKey, token) !== undefined || records.get(hashKey, id) !== undefined) {
        MARK: mark('an attempt finds that it must not be committed')
        return undefined
      }
      const participants = shares.map(participantOf)
      for (const { proposals } of participants) for (const { at } of proposals) versions.follow(at)
      versions.reserve()
      return commitTransaction(this.#place, opened, {
        settings,
        key: homeKey(operation),
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
  #end(undertaking: Undertaking, operation: PartitionTransact, at: Version | undefined): void {
    const { attempt, locks } = undertaking
    this.#deciding.delete(attempt.id)
    undertaking.over = true
    if (at !== undefined) this.#place.locks.unreserve(attempt.age)
    this.#place.locks.release(locks)
    void this.#tell(undertaking, operation, at)
  }

  async #tell(
    { shares, attempt }: Undertaking,
    { token }: PartitionTransact,
    at: Version | undefined,
  ): Promise<void> {
    const heard = await tellShares(this.#place, shares, attempt, at)
    if (at !== undefined && heard.every((one) => one)) this.#retention.acknowledge(token)
  }

  /**
   * Refuses a sending, so that every later one of the same transaction is refused too.
   *
   * @returns what it was told before, if another sending has come through meanwhile.
   * @throws {FokosError} the refusal.
   */
  refuse(error: unknown, operation: PartitionTransact, turn: Turn): TransactAnswer {
    return this.#decisions.refuse(error, operation, turn)
  }

  /**
   * Forgets records that nobody may ask for any more, if it is time to look.
   *
   * @returns when to look again; never, when no records are left.
   */
  forgetOld(): Promise<Millis | undefined> {
    return this.#retention.forgetOld()
  }

  /** Makes sure that records are looked at when they may be forgotten. */
  wakeForRecords(): void {
    this.#retention.wake()
  }
}
