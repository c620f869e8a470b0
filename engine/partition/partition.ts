import {
  FokosError,
  InvalidRequestError,
  OutcomeUnknownError,
  reportError,
  TransactionConflictError,
  UnavailableError,
} from '../errors.js'
import { mark } from '../mark.js'
import {
  type Observing,
  type PartitionAnswer,
  type PartitionOperation,
  type PartitionRequest,
  type PartitionResult,
  type PartitionWrite,
  type PinnedSettings,
  REQUEST_VERSION,
  type TransactionPart,
  VERSIONS_PER_MILLI,
  type WriteResult,
} from '../operations.js'
import type { Millis } from '../ports.js'
import type { Limits } from '../settings.js'
import { ClaimBuilder, claimOf } from './claim.js'
import { Coordinator } from './coordinator.js'
import { DeletionRing } from './deletion-ring.js'
import { type ItemsToEvaluate, NO_ITEMS } from './evaluate-part.js'
import { FactStore } from './fact-store.js'
import { HybridClock } from './hybrid-clock.js'
import { ItemStore } from './item-store.js'
import { Blocked, LockTable, type Turn } from './lock-table.js'
import { PartStore } from './part-store.js'
import { ASK_AFTER, Participant } from './participant.js'
import type { Opened, PartitionPorts, Place } from './place.js'
import { batchGet, get, NOTHING_OBSERVED, query } from './read-items.js'
import { RecordStore } from './record-store.js'
import { addTables, createTables, OLDER_FORMATS, STORAGE_FORMAT, tablesExist } from './schema.js'
import { checkSettings, settingsText } from './settings-check.js'
import { TokenMemory } from './token-memory.js'
import { validateReads } from './validate-reads.js'
import { Writer } from './write-items.js'

/** Who is blocked for longer than this asks the home of the one that is in the way. */
const ASK_WHEN_BLOCKED_FOR: Millis = 250
/** How long a request waits for locks before it is refused. */
const PATIENCE: Millis = 10_000
/** How long a read waits for older ones that have reserved the same, before it goes on all the same. */
const RESERVE_PATIENCE: Millis = 1_000
/** How long an attempt, which holds locks elsewhere, waits for more. */
const PREPARE_PATIENCE: Millis = 3_000

/** This instance is not the partition any more: another one has written what it does not know. Never answered. */
export class ReplacedInstanceError extends Error {
  override name = 'ReplacedInstanceError'
}

/**
 * One partition: owns the items of its hash keys and answers for them. Lives in one Durable Object.
 *
 * Every operation is decided in one synchronous section: are the settings those that the data was written with?
 * has its token been seen? is it locked? do its conditions hold? write. Who has to wait begins again in front.
 */
export class Partition {
  readonly #ports: PartitionPorts
  readonly #limits: Limits
  readonly #facts: FactStore
  readonly #locks: LockTable
  readonly #coordinator: Coordinator
  readonly #participant: Participant
  /** The writes that this instance has decided. */
  #tokens: TokenMemory
  /** Unset as long as nothing was ever written: a partition that is only read stays without tables. */
  #opened: Opened | undefined
  /** The settings that the data was written with, once there is data. */
  #settings: string | undefined
  /** When the alarm rings, as far as this instance knows. */
  #wakesAt: Millis | undefined

  constructor(ports: PartitionPorts, limits: Limits) {
    this.#ports = ports
    this.#limits = limits
    this.#facts = new FactStore(ports.storage)
    this.#locks = new LockTable(ports.clock)
    // Where nothing was ever written, no write of an earlier instance can have been forgotten.
    this.#tokens = new TokenMemory(Number.NEGATIVE_INFINITY)
    const tokens = () => this.#tokens
    const place: Place = {
      ports,
      limits,
      locks: this.#locks,
      get tokens() {
        return tokens()
      },
      open: () => this.#open(),
      items: () => this.#items(),
      writing: (section) => this.#writing(section),
      pin: (settings) => this.#pin(settings),
      whenFree: (turn, section) => this.#whenFree(turn, section),
      wakeBy: (at) => this.#wakeBy(at),
    }
    this.#coordinator = new Coordinator(place)
    this.#participant = new Participant(place)
  }

  /**
   * At once an answer, if nothing has to be waited for. Errors of ours are answers, and what is refused is not
   * changed. Any other error ends the call, which says nothing of what became of it.
   */
  execute(request: PartitionRequest): PartitionAnswer | Promise<PartitionAnswer> {
    const { operation } = request
    const refused = (error: unknown): PartitionAnswer => {
      // Storage failed, or this is not the partition any more: whatever became of it, nobody here can tell.
      if (!(error instanceof FokosError)) throw error
      return { ok: false, error: reportError(this.#isOutcome(operation, error) ? error : unknown(error)) }
    }
    try {
      if (request.version > REQUEST_VERSION) {
        throw new InvalidRequestError(
          `the Worker speaks version ${request.version} of the protocol and the Durable Object version ` +
            `${REQUEST_VERSION}: a deployment is under way, or the two come from different ones`,
        )
      }
      const result = this.#run(request, this.#newTurn(operation))
      if (result instanceof Promise) {
        return result.then((result): PartitionAnswer => ({ ok: true, result })).catch(refused)
      }
      return { ok: true, result }
    } catch (error) {
      return refused(error)
    }
  }

  /** Runs a request to its end, and keeps what it is refused for where another sending of it would be met. */
  #run(request: PartitionRequest, turn: Turn): PartitionResult | Promise<PartitionResult> {
    const { operation } = request
    const refuse = (error: unknown): PartitionResult => {
      if (operation.kind === 'transact') return this.#coordinator.refuse(error, operation, turn)
      if (operation.kind === 'write' && !operation.resent && error instanceof UnavailableError) {
        // Another delivery of it may be waiting too. Of one that was sent again, an earlier one may have been made.
        this.#tokens.rememberRefusal(operation.token, error, this.#ports.clock.now())
      }
      throw error
    }
    try {
      const result = this.#whenFree(turn, () => this.#section(request, turn))
      return result instanceof Promise ? result.catch(refuse) : result
    } catch (error) {
      return refuse(error)
    }
  }

  /** Asks for what is locked here for too long, and forgets what is old. Never throws. */
  async alarm(): Promise<void> {
    this.#wakesAt = undefined
    try {
      if (this.#open() === undefined) return
      const locked = await this.#participant.askForAll()
      const records = await this.#coordinator.forgetOld()
      if (locked) this.#wakeBy(this.#ports.clock.now() + ASK_AFTER)
      else if (records !== undefined) this.#wakeBy(records)
    } catch {
      // An instance that was replaced has no alarm either; any other comes back to it.
      this.#tryToWakeBy(this.#ports.clock.now() + ASK_AFTER)
    }
  }

  #newTurn(operation: PartitionOperation): Turn {
    // The machine's own clock: a hybrid one keeps a leap long after it was set right, and makes all here the youngest.
    const at = this.#ports.clock.now() * VERSIONS_PER_MILLI
    const why = 'a transaction that has not ended yet has locked what is asked for'
    const conflict = () => new TransactionConflictError(why, { busy: true })
    switch (operation.kind) {
      case 'prepare':
        return this.#locks.newTurn(PREPARE_PATIENCE, operation.attempt.age, hasRead(operation.part), conflict)
      case 'transact':
        return this.#locks.newTurn(
          PATIENCE,
          operation.age ?? { at, id: operation.token },
          hasRead(operation.part),
          conflict,
        )
      case 'validate':
        return this.#locks.newTurn(PATIENCE, { at, id: 0 }, true, conflict)
      default: {
        const age = 'reserve' in operation ? operation.reserve?.age : undefined
        return this.#locks.newTurn(PATIENCE, age ?? { at, id: 0 }, false, () => new UnavailableError(why))
      }
    }
  }

  /**
   * Whether what is refused now has not happened before either. A write that was sent before may have: only
   * what was decided under its token tells.
   */
  #isOutcome(operation: PartitionOperation, refusal: FokosError): boolean {
    switch (operation.kind) {
      case 'write':
        if (!operation.resent) return true
        // One that was replaced does not know what its successor was sent.
        return (
          this.#tokens.recall(operation.token) !== undefined && (this.#opened?.versions.isCurrent() ?? true)
        )
      case 'transact':
        return !operation.resent || this.#coordinator.isDecided(operation, refusal)
      default:
        return true
    }
  }

  /** One synchronous section, or a transaction's first one. */
  #section(
    { operation, settings }: PartitionRequest,
    turn: Turn,
  ): PartitionResult | Promise<PartitionResult> {
    const opened = this.#open()
    // What was locked and decided under some settings must be able to end, whatever was written meanwhile.
    if (operation.kind === 'finish') return this.#participant.finish(operation)
    if (operation.kind === 'inquire') return this.#coordinator.inquire(operation)
    this.#checkSettings(settings)
    switch (operation.kind) {
      case 'get': {
        this.#passToRead(operation, turn, (claim, want) => claim[want](operation.key))
        const found = opened === undefined ? null : get(opened.items, operation)
        return { found, ...this.#asOf(operation) }
      }
      case 'batchGet': {
        this.#passToRead(operation, turn, (claim, want) => {
          for (const key of operation.keys) claim[want](key)
        })
        if (opened !== undefined) return { ...batchGet(opened.items, operation), ...this.#asOf(operation) }
        const none = operation.keys.map(() => null)
        return { found: none, ...(operation.observe === undefined ? {} : { versions: none, asOf: 0 }) }
      }
      case 'query': {
        this.#passToRead(operation, turn, (claim) => claim.examine(operation.hashKey, operation.interval))
        if (opened !== undefined) return { ...query(opened.items, operation), ...this.#asOf(operation) }
        const keys = operation.withKeys ? { sortKeys: [] } : undefined
        return { items: [], ...keys, ...(operation.observe === undefined ? undefined : NOTHING_OBSERVED) }
      }
      case 'write':
        return this.#write(operation, settings, turn)
      case 'validate':
        if (!this.#locks.idle) {
          this.#locks.pass(claimOf({ seen: operation.seen, changes: [] }), 'read', turn)
        }
        validateReads(operation, opened)
        if (operation.age !== undefined) this.#locks.unreserve(operation.age)
        return {}
      case 'transact':
        return this.#coordinator.transact(operation, settings, turn)
      case 'prepare':
        return this.#participant.prepare(operation, turn)
      default:
        operation satisfies never
        throw new InvalidRequestError(`no operation is called ${(operation as { kind: unknown }).kind}`)
    }
  }

  #asOf({ observe }: { readonly observe?: unknown }): { asOf?: number } {
    return observe === undefined ? {} : { asOf: this.#opened?.versions.last ?? 0 }
  }

  /** Lets a read go on, and reserves what it reads if it wants that. */
  #passToRead(
    { reserve }: Observing,
    turn: Turn,
    want: (claim: ClaimBuilder, row: 'read' | 'write') => void,
  ): void {
    if (this.#locks.idle && reserve === undefined) return
    const builder = new ClaimBuilder()
    want(builder, reserve?.writes === true ? 'write' : 'read')
    const { claim } = builder
    const late = this.#ports.clock.now() > turn.until - PATIENCE + RESERVE_PATIENCE
    this.#locks.pass(claim, reserve === undefined || late ? 'read' : 'reserve', turn)
    if (reserve !== undefined) this.#locks.reserve(claim, reserve)
  }

  #write(operation: PartitionWrite, settings: PinnedSettings, turn: Turn): WriteResult {
    if (this.#tokens.recall(operation.token) === undefined) {
      this.#passToWrite(operation, turn)
    }
    try {
      return this.#writing(({ writer, versions }) => {
        if (this.#settings !== undefined) return writer.write(operation)
        // What is undone must not take the stored bound with it, which this instance counts on.
        versions.reserve()
        return this.#ports.storage.atomic(() => this.#writeFirst(writer, operation, settings))
      })
    } catch (error) {
      if (error instanceof NothingWritten) return error.result
      throw error
    }
  }

  #passToWrite({ changes }: PartitionWrite, turn: Turn): void {
    if (this.#locks.idle) return
    const builder = new ClaimBuilder()
    for (const change of changes) builder.change(change)
    this.#locks.pass(builder.claim, 'write', turn)
  }

  /** The first write that changes anything pins the settings. */
  #writeFirst(writer: Writer, operation: PartitionWrite, settings: PinnedSettings): WriteResult {
    const result = writer.write(operation)
    if (result.changes.every(({ made }) => !made)) {
      MARK: mark('the first write changes nothing and leaves nothing')
      throw new NothingWritten(result)
    }
    MARK: mark('the first write pins the settings')
    this.#pin(settings)
    return result
  }

  /** Runs a section until it is not blocked, each time from its beginning. */
  #whenFree<T>(turn: Turn, section: () => T | Promise<T>): T | Promise<T> {
    try {
      return section()
    } catch (blocked) {
      if (!(blocked instanceof Blocked)) throw blocked
      return this.#wait(blocked, turn, section)
    }
  }

  async #wait<T>(first: Blocked, turn: Turn, section: () => T | Promise<T>): Promise<T> {
    for (let blocked = first; ; ) {
      const left = turn.until - this.#ports.clock.now()
      if (left <= 0) throw turn.tooLate()
      await this.#locks.changed(blocked.claim, turn, Math.min(left, this.#patience(blocked)))
      try {
        const result = section()
        // Whoever waited behind this one alone can go on.
        this.#locks.wake()
        return await result
      } catch (again) {
        if (!(again instanceof Blocked)) {
          this.#locks.wake()
          throw again
        }
        for (const lock of again.by) {
          if (lock.prepared && blocked.by.includes(lock)) void this.#participant.ask(lock.attempt)
        }
        blocked = again
      }
    }
  }

  /** How long to wait before looking again, if nothing happens. */
  #patience({ until }: Blocked): Millis {
    if (until === undefined) return ASK_WHEN_BLOCKED_FOR
    return Math.min(ASK_WHEN_BLOCKED_FOR, Math.max(1, until - this.#ports.clock.now()))
  }

  #items(): ItemsToEvaluate {
    return this.#open()?.items ?? NO_ITEMS
  }

  /**
   * Opens what was written here, if anything was. The storage is asked until then: an instance that was
   * replaced without knowing must not answer from memory that there is nothing.
   */
  #open(): Opened | undefined {
    if (this.#opened === undefined && tablesExist(this.#ports.storage)) {
      MARK: mark('an instance opens what another has written')
      this.#tokens = new TokenMemory(this.#ports.clock.now())
      this.#opened = this.#openTables()
      this.#participant.takeOver(this.#opened.parts.all())
    }
    return this.#opened
  }

  #writing<T>(section: (opened: Opened) => T): T {
    const opened = this.#open()
    const pinned = this.#settings
    try {
      if (opened !== undefined) return section(opened)
      return this.#ports.storage.atomic(() => {
        createTables(this.#ports.storage)
        this.#facts.set('storage_format', STORAGE_FORMAT)
        this.#opened = this.#openTables()
        const result = section(this.#opened)
        MARK: mark('the first section that writes makes the tables')
        return result
      })
    } catch (error) {
      this.#opened = opened
      this.#settings = pinned
      throw error
    }
  }

  #pin(settings: PinnedSettings): void {
    // Somebody with others may have prepared since this was asked first.
    this.#checkSettings(settings)
    if (this.#settings !== undefined) return
    this.#facts.set('settings', settingsText(settings))
    this.#settings = settingsText(settings)
  }

  /**
   * @throws {SettingsMismatchError} when data was written with other settings.
   * @throws {UnavailableError} when it may be about to be.
   */
  #checkSettings(settings: PinnedSettings): void {
    // Another instance may have pinned them, which this one would have to know.
    if (this.#settings === undefined && this.#opened !== undefined) this.#readSettings()
    if (this.#settings !== undefined) {
      checkSettings(this.#settings, settings)
      return
    }
    for (const { attempt } of this.#locks.prepared()) {
      if (settingsText(attempt.settings) === settingsText(settings)) continue
      throw new UnavailableError('a transaction with other settings has locked something and not ended yet')
    }
  }

  #readSettings(): void {
    const stored = this.#facts.get('settings')
    this.#settings = stored === undefined ? undefined : String(stored)
  }

  #openTables(): Opened {
    const { storage, clock } = this.#ports
    this.#checkFormat()
    this.#readSettings()
    const versions = new HybridClock(clock, {
      get: () => (this.#facts.get('clock_bound') ?? 0) as number,
      set: (bound) => this.#facts.set('clock_bound', bound),
    })
    const deletions = new DeletionRing(versions.last)
    const items = new ItemStore(storage, {
      locked: (hashKey, attempts) => {
        if (attempts === this.#locks.preparedUnder(hashKey)) return
        throw new ReplacedInstanceError('another instance of this partition has locked or released something')
      },
      deleted: (key) => deletions.add(key, versions.last),
    })
    return {
      facts: this.#facts,
      items,
      versions,
      deletions,
      parts: new PartStore(storage),
      records: new RecordStore(storage),
      writer: new Writer({ storage, clock, items, versions, tokens: this.#tokens, limits: this.#limits }),
    }
  }

  #checkFormat(): void {
    const { storage } = this.#ports
    const format = this.#facts.get('storage_format')
    if (format === STORAGE_FORMAT) return
    if (OLDER_FORMATS.includes(format)) {
      storage.atomic(() => {
        addTables(storage)
        this.#facts.set('storage_format', STORAGE_FORMAT)
      })
      return
    }
    throw new InvalidRequestError(
      `the partition's tables have format ${format}, and this version reads format ${STORAGE_FORMAT}: ` +
        'deploy a version of kysely-fokos that is at least as new as the one that wrote them',
    )
  }

  #wakeBy(at: Millis): void {
    if (this.#wakesAt !== undefined && this.#wakesAt <= at) return
    this.#ports.alarm.set(at)
    this.#wakesAt = at
  }

  #tryToWakeBy(at: Millis): void {
    try {
      this.#wakeBy(at)
    } catch {
      // Another instance owns the alarm by now.
    }
  }
}

function hasRead({ seen }: TransactionPart): boolean {
  return seen.items.length > 0 || seen.intervals.length > 0
}

/** Ends the first write when it has changed nothing, so that nothing stays of it. */
class NothingWritten extends Error {
  readonly result: WriteResult

  constructor(result: WriteResult) {
    super()
    this.result = result
  }
}

function unknown(refusal: unknown): OutcomeUnknownError {
  if (refusal instanceof OutcomeUnknownError) return refusal
  const { message } = reportError(refusal)
  return new OutcomeUnknownError(
    `this write was sent before, which may have happened, and is refused now (${message}): read the rows to ` +
      'see whether it did',
  )
}
