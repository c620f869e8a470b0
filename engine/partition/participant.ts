import { TransactionConflictError } from '../errors.js'
import { keyText } from '../keys/key-text.js'
import { mark } from '../mark.js'
import {
  type Attempt,
  type PartitionFinish,
  type PartitionPrepare,
  type PrepareAnswer,
  type Proposal,
  REQUEST_VERSION,
  type TransactionPart,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { applyWrites } from './apply-writes.js'
import { type Claim, claimOf } from './claim.js'
import { checkSeen, evaluatePart } from './evaluate-part.js'
import { type Lock, passOrConflict, type Turn } from './lock-table.js'
import type { PreparedPart } from './part-store.js'
import type { Place } from './place.js'
import { within } from './within.js'

/** A part that was prepared so long ago, and not finished, asks its home by itself. */
export const ASK_AFTER: Millis = 5_000

/** A home that does not answer for so long is asked again by whoever needs to know. */
const ASK_PATIENCE: Millis = 8_000
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
    for (const { attempt, claim } of parts) {
      locks.add({ attempt, claim, prepared: true })
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
    const { attempt, part, returning, refusals } = operation
    const { locks, limits, ports } = this.#place
    if (this.#aborted.has(attempt.id))
      throw new TransactionConflictError('the attempt is over', { busy: true })
    const claim = claimOf(part)
    // What is locked already has nobody in its way, whoever waits by now.
    const again = [...claim.values()].every(
      ({ hashKey }) => locks.find(attempt.id, hashKey, true) !== undefined,
    )
    if (!again) this.#pass(claim, part, attempt, turn)
    const { writes, changes } = evaluatePart(part, {
      items: this.#place.items(),
      limits,
      token: attempt.token,
      returning,
      refusals,
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
        const earlier = opened.parts.get(hashKey, attempt.id)
        if (earlier !== undefined) {
          MARK: mark('a part is prepared already')
          return { hashKey, at: earlier.at }
        }
        made.push({ attempt, at, claim: ofHashKey, writes: written.get(text) ?? [] })
        return { hashKey, at }
      })
      ports.storage.atomic(() => {
        for (const prepared of made) opened.parts.put(prepared)
      })
      for (const { claim } of made) locks.add({ attempt, claim, prepared: true })
      return proposals
    })
    return { proposals, changes }
  }

  /** Does what became of an attempt, for hash keys that it prepared here. Nothing there means: done. */
  finish({ attempt, hashKeys, outcome }: Omit<PartitionFinish, 'kind'>): Record<string, never> {
    const { locks, ports } = this.#place
    if (!outcome.committed) this.#rememberAborted(attempt)
    const opened = this.#place.open()
    const parts = hashKeys
      .map((hashKey) => opened?.parts.get(hashKey, attempt))
      .filter((part) => part !== undefined)
    if (opened === undefined || parts.length === 0) return {}
    const committed = parts.filter((part) => outcome.committed && isAmong(outcome.proposals, part))
    MARK: if (outcome.committed && committed.length < parts.length) {
      mark('a part was prepared again, and is not a part of the commit')
    }
    if (outcome.committed) opened.versions.follow(outcome.at)
    opened.versions.reserve()
    ports.storage.atomic(() => {
      for (const part of parts) {
        if (committed.includes(part)) {
          if (part.writes.length > 0) this.#place.pin(part.attempt.settings)
          applyWrites(part.writes, opened, part.attempt.token)
        }
        opened.parts.remove(part.claim.hashKey, attempt)
      }
    })
    for (const { attempt } of parts) locks.unreserve(attempt.age)
    const held = parts.map(({ claim }) => locks.find(attempt, claim.hashKey, true))
    locks.release(held.filter((lock) => lock !== undefined))
    return {}
  }

  /** Asks an attempt's home what became of it, and does that. One question at a time. Never throws. */
  async ask(attempt: Attempt): Promise<void> {
    if (this.#asked.has(attempt.id)) return
    this.#asked.add(attempt.id)
    try {
      MARK: mark('a participant asks what became of an attempt')
      const { peers, clock } = this.#place.ports
      const operation = { kind: 'inquire', attempt } as const
      const request = { version: REQUEST_VERSION, settings: attempt.settings, operation }
      const answer = await within(ASK_PATIENCE, clock, peers.call(attempt.home, request))
      if (!answer.ok || !('outcome' in answer.result) || answer.result.outcome === 'deciding') return
      const hashKeys = this.#preparedBy(attempt).map(({ claim }) => claim.hashKey)
      this.finish({ attempt: attempt.id, hashKeys, outcome: answer.result.outcome })
    } catch {
      // No answer, or this instance is not the partition any more. Whoever meets the lock asks again.
    } finally {
      this.#asked.delete(attempt.id)
    }
  }

  /** Asks for everything that is prepared here. @returns whether something is left. */
  async askForAll(): Promise<boolean> {
    const attempts = new Map(this.#place.locks.prepared().map(({ attempt }) => [attempt.id, attempt]))
    await Promise.all([...attempts.values()].map((attempt) => this.ask(attempt)))
    return this.#place.locks.prepared().length > 0
  }

  #rememberAborted(attempt: number): void {
    this.#aborted.add(attempt)
    if (this.#aborted.size <= MAX_ABORTED) return
    const [oldest] = this.#aborted
    this.#aborted.delete(oldest as number)
  }

  /** Waits for nothing that would be in vain: what was seen and has changed never comes back. */
  #pass(claim: Claim, { seen }: TransactionPart, attempt: Attempt, turn: Turn): void {
    const { locks } = this.#place
    if (locks.idle) return
    checkSeen(seen, this.#place.items())
    passOrConflict(locks, claim, 'prepare', turn, attempt.id)
  }

  #preparedBy({ id }: Attempt): Lock[] {
    return this.#place.locks.prepared().filter(({ attempt }) => attempt.id === id)
  }
}

function isAmong(proposals: readonly Proposal[], { claim, at }: PreparedPart): boolean {
  const text = keyText(claim.hashKey)
  return proposals.some((proposal) => proposal.at === at && keyText(proposal.hashKey) === text)
}
