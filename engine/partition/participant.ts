import { TransactionConflictError } from '../errors.js'
import { sameBytes } from '../keys/compare-bytes.js'
import { intersect, isEmpty } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import { mark } from '../mark.js'
import type {
  Attempt,
  PartitionAnswer,
  PartitionFinish,
  PartitionPrepare,
  PrepareAnswer,
  Proposal,
  TransactionPart,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { within } from '../within.js'
import { applyWrites } from './apply-writes.js'
import { type Claim, claimOf, claimsNothing, clipClaim, type HashKeyClaim, hullOf } from './claim.js'
import { checkSeen, type Evaluation, evaluatePart } from './evaluate-part.js'
import { Blocked, type Lock, passOrConflict, type Turn } from './lock-table.js'
import type { PreparedPart } from './part-store.js'
import type { Place } from './place.js'

/** A part that was prepared so long ago, and not finished, asks its home by itself. */
export const ASK_AFTER: Millis = 5_000

/** A home that does not answer for so long is asked again by whoever needs to know. */
const ASK_PATIENCE: Millis = 8_000
/** Directions that are followed to where a home has moved. */
const MAX_DIRECTIONS = 16
/** Aborted attempts that are remembered, so that a late preparation of one is not locked for nothing. */
const MAX_ABORTED = 1_000

/** What a partition does for transactions whose home is elsewhere. */
export class Participant {
  readonly #place: Place
  /** Attempts whose home is being asked. */
  readonly #asked = new Set<number>()
  /** Attempts that their home gave up lately. */
  readonly #aborted = new Set<number>()

  constructor(place: Place) {
    this.#place = place
  }

  /** Takes over the locks of an earlier instance. */
  takeOver(parts: Iterable<PreparedPart>): void {
    const { locks, ports } = this.#place
    let any = false
    for (const { attempt, piece, claim: stored } of parts) {
      const claim = this.#place.kept(stored)
      if (claim === undefined) continue
      locks.add({ attempt, piece, claim, prepared: true })
      any = true
    }
    if (!any) return
    MARK: mark('an instance takes over locks')
    this.#place.wakeBy(ports.clock.now() + ASK_AFTER / 5)
  }

  /**
   * Checks and locks a part, and stores what it would write, each hash key once: asked again, it answers the same.
   * One section; it may be blocked.
   *
   * @throws {TransactionConflictError} when the part does not hold, or an older transaction is in the way.
   */
  prepare(operation: PartitionPrepare, turn: Turn): PrepareAnswer {
    const { attempt, piece = 0, part } = operation
    const { locks, ports } = this.#place
    if (this.#aborted.has(attempt.id))
      throw new TransactionConflictError('the attempt is over', { busy: true })
    const claim = claimOf(part)
    // What is locked already has nobody in its way, whoever waits by now.
    const again = [...claim.values()].every(({ hashKey }) =>
      locks.preparedBy(attempt.id, hashKey).some((lock) => lock.piece === piece),
    )
    const { writes, changes, sums } = orBusy(() => {
      if (!again) this.#pass(claim, part, attempt, turn)
      return this.#evaluate(operation)
    })
    // Armed before the work, so that a crash leaves nothing locked for ever.
    this.#place.wakeBy(ports.clock.now() + ASK_AFTER)
    const proposals = this.#place.writing((opened) => {
      opened.versions.reserve()
      const at = opened.versions.tick()
      const written = Map.groupBy(writes, ({ key }) => keyText(key.hashKey))
      const made: PreparedPart[] = []
      const proposals = [...claim].map(([text, ofHashKey]): Proposal => {
        const { hashKey } = ofHashKey
        const within = hullOf(ofHashKey)
        const earlier = opened.parts.get(hashKey, attempt.id, piece)
        if (earlier !== undefined) {
          if (!this.#isHere(earlier.claim))
            throw new TransactionConflictError('the attempt is over', { busy: true })
          MARK: mark('a part is prepared already')
          return { hashKey, at: earlier.at, within }
        }
        made.push({ attempt, piece, at, claim: ofHashKey, writes: written.get(text) ?? [] })
        return { hashKey, at, within }
      })
      ports.storage.atomic(() => {
        for (const prepared of made) opened.parts.put(prepared)
      })
      for (const { claim } of made) locks.add({ attempt, piece, claim, prepared: true })
      return proposals
    })
    return { proposals, changes, ...(sums.length === 0 ? undefined : { sums }) }
  }

  /** Does what became of an attempt, for hash keys that it prepared here. Nothing there means: done. */
  finish({
    attempt,
    hashKeys,
    outcome,
  }: Pick<PartitionFinish, 'attempt' | 'hashKeys' | 'outcome'>): Record<string, never> {
    const { locks, ports } = this.#place
    if (!outcome.committed) this.#rememberAborted(attempt)
    const opened = this.#place.open()
    if (opened === undefined) return {}
    // One that was replaced must not say "done" of what its successor has handed over.
    for (const hashKey of hashKeys) opened.items.checkLocks(hashKey)
    const parts = hashKeys
      .flatMap((hashKey) => opened.parts.ofAttempt(hashKey, attempt))
      .filter(({ claim }) => this.#isHere(claim))
    if (parts.length === 0) return {}
    const committed = parts.filter((part) => outcome.committed && isAmong(outcome.proposals, part))
    MARK: if (outcome.committed && committed.length < parts.length) {
      mark('a part was prepared again, and is not a part of the commit')
    }
    if (outcome.committed) opened.versions.follow(outcome.at)
    opened.versions.reserve()
    ports.storage.atomic(() => {
      for (const part of parts) {
        if (committed.includes(part)) {
          // What of a part has moved away, whoever has it now writes.
          const writes = part.writes.filter(({ key }) => this.#place.keeps(key))
          if (writes.length > 0) this.#place.pin(part.attempt.settings)
          applyWrites(writes, opened, part.attempt.token)
        }
        opened.parts.remove(part)
        // What has moved away is asked for again if its answer was lost: it stays as it was.
        const moved = this.#place.moved(part)
        if (moved !== undefined) opened.parts.put(moved)
      }
    })
    opened.expiry.arm()
    for (const { attempt } of parts) locks.unreserve(attempt.age)
    const held = hashKeys.flatMap((hashKey) => locks.preparedBy(attempt, hashKey))
    for (const part of parts) {
      const moved = this.#place.moved(part)
      // The storage has it, so the table has it too; but nobody waits for it here.
      if (moved === undefined) continue
      const { attempt, piece, claim } = moved
      locks.add({ attempt, piece, claim: clipClaim(claim, []), prepared: true })
    }
    locks.release(held.filter(({ claim }) => !claimsNothing(claim)))
    return {}
  }

  /** Whether something of a claim is here, and not all of it has moved away. */
  #isHere(claim: HashKeyClaim): boolean {
    const kept = this.#place.kept(claim)
    return kept !== undefined && !claimsNothing(kept)
  }

  /** Asks an attempt's home what became of it, and does that. One question at a time. Never throws. */
  async ask(attempt: Attempt): Promise<void> {
    if (this.#asked.has(attempt.id)) return
    this.#asked.add(attempt.id)
    try {
      MARK: mark('a participant asks what became of an attempt')
      const answer = await this.#inquire(attempt)
      if (!answer?.ok || !('outcome' in answer.result) || answer.result.outcome === 'deciding') return
      const hashKeys = this.#preparedBy(attempt).map(({ claim }) => claim.hashKey)
      this.finish({ attempt: attempt.id, hashKeys, outcome: answer.result.outcome })
    } catch {
      // No answer, or this instance is not the partition any more. Whoever meets the lock asks again.
    } finally {
      this.#asked.delete(attempt.id)
    }
  }

  async #inquire(attempt: Attempt): Promise<PartitionAnswer | undefined> {
    const { peers, clock } = this.#place.ports
    const operation = { kind: 'inquire', attempt } as const
    const request = { version: 2, settings: attempt.settings, follows: true, operation }
    let home = attempt.home
    for (let calls = 0; calls < MAX_DIRECTIONS; calls++) {
      const answer = await within(ASK_PATIENCE, clock, peers.call(home, request))
      const next = answer.elsewhere?.[0]
      if (next === undefined) return answer
      home = next.partition
    }
    return undefined
  }

  /** Asks for everything that is prepared here. @returns whether something is left. */
  async askForAll(): Promise<boolean> {
    const attempts = new Map(this.#held().map(({ attempt }) => [attempt.id, attempt]))
    await Promise.all([...attempts.values()].map((attempt) => this.ask(attempt)))
    return this.#held().length > 0
  }

  #rememberAborted(attempt: number): void {
    this.#aborted.add(attempt)
    if (this.#aborted.size <= MAX_ABORTED) return
    const [oldest] = this.#aborted
    this.#aborted.delete(oldest as number)
  }

  #evaluate({ attempt, part, returning, refusals }: PartitionPrepare): Evaluation {
    const { limits, ends, ports } = this.#place
    return evaluatePart(part, {
      items: this.#place.items(),
      ends,
      limits,
      checkItem: ports.checkItem,
      token: attempt.token,
      returning,
      refusals,
    })
  }

  /** Waits for nothing that would be in vain: what was seen and has changed never comes back. */
  #pass(claim: Claim, { seen }: TransactionPart, attempt: Attempt, turn: Turn): void {
    const { locks } = this.#place
    if (locks.idle) return
    checkSeen(seen, this.#place.items())
    passOrConflict(locks, claim, 'prepare', turn, attempt.id)
  }

  /** What is prepared and keeps something locked here. */
  #held(): Lock[] {
    return this.#place.locks.prepared().filter(({ claim }) => !claimsNothing(claim))
  }

  #preparedBy({ id }: Attempt): Lock[] {
    return this.#place.locks.prepared().filter(({ attempt }) => attempt.id === id)
  }
}

/** Who holds locks elsewhere waits for nobody that was not in its way when it came: it gives up. */
function orBusy<T>(section: () => T): T {
  try {
    return section()
  } catch (error) {
    if (!(error instanceof Blocked) || error.ofEnded !== true) throw error
    throw new TransactionConflictError('a row has expired that another transaction has read', { busy: true })
  }
}

function isAmong(proposals: readonly Proposal[], { claim, at }: PreparedPart): boolean {
  const hull = hullOf(claim)
  return proposals.some(
    ({ hashKey, within, at: proposed }) =>
      proposed === at &&
      sameBytes(hashKey, claim.hashKey) &&
      (within === undefined || !isEmpty(intersect(within, hull))),
  )
}
