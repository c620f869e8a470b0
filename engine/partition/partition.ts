import {
  FokosError,
  InvalidRequestError,
  OutcomeUnknownError,
  OverloadedError,
  reportError,
  UnavailableError,
} from '../errors.js'
import { mark } from '../mark.js'
import {
  type PartitionAnswer,
  type PartitionOperation,
  type PartitionRequest,
  type PartitionResult,
  type PartitionTransact,
  type PartitionWrite,
  REQUEST_VERSION,
  type Served,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { checkCodec } from '../settings-check.js'
import { Agreement } from './agreement.js'
import { Contents } from './contents.js'
import { Coordinator } from './coordinator.js'
import { Elsewhere } from './elsewhere.js'
import { NO_ITEMS } from './evaluate-part.js'
import { homeKey } from './home-key.js'
import { LockTable, type Turn } from './lock-table.js'
import { isFromClient, isWrite } from './operation-kinds.js'
import { ASK_AFTER, Participant } from './participant.js'
import { directions } from './passing.js'
import type { PartitionPorts, PartitionSettings, Place } from './place.js'
import { serveItself } from './serve-itself.js'
import { Serving } from './serving.js'
import { spotsOf } from './spots.js'
import { clipPart } from './transfer/moved-rows.js'
import { TreePicture } from './tree-picture.js'
import { Turns } from './turns.js'
import { keysOf } from './write-items.js'

export type { PartitionPorts, PartitionSettings } from './place.js'
export { ReplacedInstanceError } from './replaced-instance-error.js'

/** How long a request waits for keys that are on their way here. */
const ARRIVAL_PATIENCE: Millis = 10_000
/** Requests that wait for something here at once: more are refused, before the platform refuses them all. */
const MAX_WAITING = 1_000

/**
 * One partition: owns the items of its keys and answers for them. Lives in one Durable Object.
 *
 * Every operation is decided in one synchronous section: are the settings those that the data was written with?
 * is all that it asks for served here? has its token been seen? is it locked? do its conditions hold? write. Who
 * has to wait begins again in front.
 */
export class Partition {
  readonly #ports: PartitionPorts
  readonly #contents: Contents
  readonly #tree: TreePicture
  readonly #turns: Turns
  readonly #coordinator: Coordinator
  readonly #participant: Participant
  readonly #serving: Serving
  readonly #agreement: Agreement
  /** When the alarm rings, as far as this instance knows. */
  #wakesAt: Millis | undefined
  /** Requests that wait for something. */
  #waiting = 0

  constructor(ports: PartitionPorts, settings: PartitionSettings) {
    this.#ports = ports
    const locks = new LockTable(ports.clock)
    this.#agreement = new Agreement(ports)
    this.#contents = this.#newContents(settings, locks)
    this.#tree = new TreePicture(ports, this.#contents)
    this.#turns = new Turns(ports.clock, locks, (attempt) => void this.#participant.ask(attempt))
    const place = this.#newPlace(settings, locks)
    this.#coordinator = new Coordinator(place)
    this.#participant = new Participant(place)
    this.#serving = new Serving(place, this.#contents, this.#coordinator, this.#participant, settings.pages)
  }

  /**
   * At once an answer, if nothing has to be waited for. Errors of ours are answers, and what is refused is not
   * changed. Any other error ends the call, which says nothing of what became of it.
   */
  execute(request: PartitionRequest): PartitionAnswer | Promise<PartitionAnswer> {
    const { operation } = request
    try {
      if (request.version > REQUEST_VERSION) {
        throw new InvalidRequestError(
          `the Worker speaks version ${request.version} of the protocol and the Durable Object version ` +
            `${REQUEST_VERSION}: a deployment is under way, or the two come from different ones`,
        )
      }
      const agreeing = this.#agree(request)
      // Where too many wait, this one is refused where that is remembered.
      if (agreeing === undefined || this.#isCrowded(operation)) return this.#executeNow(request)
      return this.#counted(agreeing).then(
        () => this.#executeNow(request),
        (error: unknown) => this.#notAgreed(error, request),
      )
    } catch (error) {
      return this.#refused(error, operation)
    }
  }

  #executeNow(request: PartitionRequest): PartitionAnswer | Promise<PartitionAnswer> {
    const { operation } = request
    const slowDown = this.#slowDown(operation)
    const answer =
      slowDown > 0
        ? this.#executeLater(request, slowDown)
        : this.#executeHere(request, this.#turns.newTurn(operation))
    return answer instanceof Promise ? this.#counted(answer) : answer
  }

  /** Nobody has said, or the keeper says that others hold. */
  #notAgreed(error: unknown, request: PartitionRequest): PartitionAnswer | Promise<PartitionAnswer> {
    const { operation } = request
    // Somebody else was told meanwhile, and has written.
    if (this.#contents.isPinned) return this.#executeNow(request)
    if (operation.kind === 'write' || operation.kind === 'transact') this.#rememberRefusal(error, operation)
    return this.#refused(error, operation)
  }

  /** A root that holds nothing asks whether the database has the request's settings. */
  #agree({ settings, operation }: PartitionRequest): Promise<void> | undefined {
    const contents = this.#contents
    if (contents.isPinned || !contents.territory.isRoot) return undefined
    contents.open()
    return contents.isPinned ? undefined : this.#agreement.with(settings, operation)
  }

  async #executeLater(request: PartitionRequest, slowDown: Millis): Promise<PartitionAnswer> {
    const { clock, random } = this.#ports
    MARK: mark('a write is slowed down')
    await clock.sleep((0.5 + random.fraction()) * slowDown)
    return this.#executeHere(request, this.#turns.newTurn(request.operation))
  }

  async #counted<T>(answer: Promise<T>): Promise<T> {
    this.#waiting++
    try {
      return await answer
    } finally {
      this.#waiting--
    }
  }

  /** Runs it here, or where it belongs. */
  #executeHere(request: PartitionRequest, turn: Turn): PartitionAnswer | Promise<PartitionAnswer> {
    const failed = (error: unknown): PartitionAnswer | Promise<PartitionAnswer> => {
      if (!(error instanceof Elsewhere)) {
        return { ...this.#refused(error, request.operation), ...this.#servedBy(request) } as PartitionAnswer
      }
      try {
        return this.#sendElsewhere({ ...request, operation: error.operation }, error, turn)
      } catch (refusal) {
        return this.#refused(refusal, request.operation)
      }
    }
    try {
      const result = this.#run(request, turn)
      if (result instanceof Promise) {
        return result.then((result) => this.#served(request, result)).catch(failed)
      }
      return this.#served(request, result)
    } catch (error) {
      return failed(error)
    }
  }

  #refused(error: unknown, operation: PartitionOperation): PartitionAnswer {
    // Storage failed, or this is not the partition any more: whatever became of it, nobody here can tell.
    if (!(error instanceof FokosError)) throw error
    return { ok: false, error: reportError(this.#isOutcome(operation, error) ? error : unknown(error)) }
  }

  #served(request: PartitionRequest, result: PartitionResult): PartitionAnswer {
    return { ok: true, result, ...this.#servedBy(request) }
  }

  /** Whoever was not asked by the sender itself says who it is. */
  #servedBy({ passed }: PartitionRequest): Served {
    return passed === undefined ? {} : { owner: this.#contents.territory.route, hops: passed.hops }
  }

  /** Passes a request on to whoever is next for it, waits for what it needs, or says that several are next. */
  #sendElsewhere(
    request: PartitionRequest,
    { next, arriving }: Elsewhere,
    turn: Turn,
  ): PartitionAnswer | Promise<PartitionAnswer> {
    const [only] = next
    const { operation } = request
    if (arriving) return this.#whenArrived(request, turn)
    if (next.length === 1 && only !== undefined && only.partition !== this.#ports.name) {
      const reading = this.#tree.ready(operation)
      if (reading !== undefined) return reading.then(() => this.#executeHere(request, turn))
      return this.#tree.pass(request, only)
    }
    if (operation.kind === 'write' && this.#mayHaveHappened(operation)) {
      throw new OutcomeUnknownError(
        'this write was sent before, and its rows lie in several partitions by now: read them to see whether it ' +
          'happened',
      )
    }
    return directions(request, next)
  }

  /** Whether an earlier sending of a write may have come through: only if it was here before its keys parted. */
  #mayHaveHappened({ token, born, resent }: PartitionWrite): boolean {
    const { tokens, opened } = this.#contents
    if (!resent) return tokens.isDecided(token)
    const known = tokens.knowsSince(born, this.#ports.clock.now())
    return tokens.isDecided(token) || !known || opened?.versions.isCurrent() !== true
  }

  async #whenArrived(request: PartitionRequest, turn: Turn): Promise<PartitionAnswer> {
    const { clock } = this.#ports
    const until = clock.now() + ARRIVAL_PATIENCE
    const moving = this.#contents.open()?.moving
    while (moving?.isArriving === true) {
      const patience = until - clock.now()
      if (patience <= 0) {
        const late = 'what is asked for is on its way to another partition, and has not arrived'
        // Of a write, a copy may wait here too and happen: nobody may be told that it did not.
        if (isWrite(request.operation)) throw new Error(late)
        return this.#refused(new UnavailableError(late), request.operation)
      }
      await moving.arrives(Math.min(patience, 1_000))
    }
    return this.#executeHere(request, turn)
  }

  /** Runs a request to its end, and keeps what it is refused for where another sending of it would be met. */
  #run(request: PartitionRequest, turn: Turn): PartitionResult | Promise<PartitionResult> {
    const { operation } = request
    const refuse = (error: unknown): PartitionResult => {
      if (operation.kind === 'transact') return this.#coordinator.refuse(error, operation, turn)
      if (operation.kind === 'write') this.#rememberRefusal(error, operation)
      throw error
    }
    try {
      this.#checkCrowd(operation)
      const result = this.#turns.whenFree(turn, () => this.#section(request, turn))
      return result instanceof Promise ? result.catch(refuse) : result
    } catch (error) {
      return refuse(error)
    }
  }

  /** Another delivery of it may be waiting too. Of one that was sent again, an earlier one may have been made. */
  #rememberRefusal(error: unknown, operation: PartitionWrite | PartitionTransact): void {
    if (!(error instanceof FokosError) || error instanceof OutcomeUnknownError || operation.resent) return
    const keys = operation.kind === 'write' ? keysOf(operation) : [homeKey(operation)]
    this.#contents.tokens.rememberRefusal(operation.token, error, keys, this.#ports.clock.now())
  }

  #isCrowded(operation: PartitionOperation): boolean {
    return this.#waiting >= MAX_WAITING && isFromClient(operation)
  }

  /** @throws {OverloadedError} when too many wait here, unless it is known what came of this one. */
  #checkCrowd(operation: PartitionOperation): void {
    if (!this.#isCrowded(operation)) return
    if (operation.kind === 'write' && this.#contents.tokens.isDecided(operation.token)) return
    if (operation.kind === 'transact' && this.#coordinator.knows(operation)) return
    throw new OverloadedError(`${this.#waiting} requests wait for something in this partition already`)
  }

  /** Deletes what has ended, asks for what is locked here for too long, and forgets what is old. Never throws. */
  async alarm(): Promise<void> {
    this.#wakesAt = undefined
    try {
      const opened = this.#contents.open()
      if (opened === undefined) return
      opened.moving.drive()
      if (!this.#contents.territory.serves) return
      // Somebody may wait for what is locked, and nobody for what is swept.
      const locked = await this.#participant.askForAll()
      const ends = await opened.expiry.sweep()
      const records = await this.#coordinator.forgetOld()
      if (ends !== undefined) this.#wakeBy(ends)
      if (locked) this.#wakeBy(this.#ports.clock.now() + ASK_AFTER)
      else if (records !== undefined) this.#wakeBy(records)
    } catch {
      // An instance that was replaced has no alarm either; any other comes back to it.
      this.#tryToWakeBy(this.#ports.clock.now() + ASK_AFTER)
    }
  }

  /**
   * Whether what is refused now has not happened before either. A write that was sent before may have: only
   * what was decided under its token tells.
   */
  #isOutcome(operation: PartitionOperation, refusal: FokosError): boolean {
    const { tokens, opened } = this.#contents
    switch (operation.kind) {
      case 'write':
        if (!operation.resent) return true
        // One that was replaced does not know what its successor was sent.
        return tokens.recall(operation.token) !== undefined && (opened?.versions.isCurrent() ?? true)
      case 'transact':
        return !operation.resent || this.#coordinator.isDecided(operation, refusal)
      default:
        return true
    }
  }

  /** One synchronous section, or a transaction's first one. */
  #section(request: PartitionRequest, turn: Turn): PartitionResult | Promise<PartitionResult> {
    const { settings } = request
    const operation = ofAnyVersion(request.operation)
    this.#contents.open()
    const own = serveItself(operation, request.version, {
      ports: this.#ports,
      contents: this.#contents,
      wakeBy: (at) => this.#wakeBy(at),
    })
    if (own !== undefined) return own
    const { tokens } = this.#contents
    this.#tree.drawFor(settings)
    checkCodec(settings)
    if (operation.kind === 'transact') {
      // A copy is not refused for what has come up since: it is told what becomes of the one that is under way.
      const joined = this.#coordinator.joined(operation)
      if (joined !== undefined) return joined
    }
    // What was locked and decided under some settings must be able to end, whatever was written meanwhile.
    if (operation.kind !== 'finish' && operation.kind !== 'inquire') this.#contents.checkSettings(settings)
    if (operation.kind === 'write' && tokens.recall(operation.token) !== undefined) {
      return this.#serving.answerAgain(operation, settings, turn)
    }
    // Of a first sending, whoever has decided it here has told so, wherever its keys are by now.
    if (operation.kind === 'transact' && !operation.resent) tokens.recall(operation.token)?.()
    this.#tree.checkHere(spotsOf(operation), operation, settings, request.passed?.by)
    const result = this.#serving.decide(operation, settings, turn)
    this.#serving.note(operation)
    return result
  }

  /** What a write waits because keys are being copied more slowly than they are written. */
  #slowDown({ kind }: PartitionOperation): Millis {
    if (kind !== 'write' && kind !== 'transact' && kind !== 'prepare') return 0
    return this.#contents.opened?.moving.source.slowDown ?? 0
  }

  #newContents(settings: PartitionSettings, locks: LockTable): Contents {
    return new Contents({
      ports: this.#ports,
      settings,
      locks,
      opened: ({ parts }) => {
        this.#tree.drawFor()
        // What is on its way here is somebody else's still.
        if (this.#contents.territory.serves) this.#participant.takeOver(parts.all())
      },
      pinned: (settings) => this.#tree.drawFor(settings),
      arrived: ({ parts, records, expiry }) => {
        this.#participant.takeOver(parts.all())
        const ends = expiry.due
        if (ends !== undefined) this.#wakeBy(ends)
        if (records.page(undefined, 1).length > 0) this.#coordinator.wakeForRecords()
      },
      wakeBy: (at) => this.#wakeBy(at),
    })
  }

  #newPlace({ limits }: PartitionSettings, locks: LockTable): Place {
    const contents = this.#contents
    const tree = this.#tree
    return {
      ports: this.#ports,
      limits,
      locks,
      ends: contents.ends,
      picture: tree,
      get tokens() {
        return contents.tokens
      },
      open: () => contents.open(),
      items: () => contents.open()?.items ?? NO_ITEMS,
      writing: (section) => contents.writing(section),
      pin: (settings) => contents.pin(settings),
      isHere: (spots) => {
        contents.open()
        return tree.isHere(spots)
      },
      checkHere: (spots, operation) => {
        contents.open()
        tree.checkHere(spots, operation)
      },
      keeps: ({ hashKey, sortKey }) => contents.territory.keeps(hashKey, sortKey),
      kept: (claim) => contents.kept(claim),
      moved: (part) => clipPart(part, contents.territory.movedIntervals),
      learn: (answer, asked) => tree.learn(answer, asked),
      hint: (partition) => tree.hint(partition),
      whenFree: (turn, section) => this.#turns.whenFree(turn, section),
      wakeBy: (at) => this.#wakeBy(at),
    }
  }

  #wakeBy(at: Millis): void {
    if (this.#wakesAt !== undefined && this.#wakesAt <= at) return
    // An alarm that an earlier instance has set is overwritten: that it was for what ends, is not known otherwise.
    const ends = this.#wakesAt === undefined ? this.#contents.opened?.expiry.due : undefined
    const by = Math.min(at, ends ?? at)
    this.#ports.alarm.set(by)
    this.#wakesAt = by
  }

  #tryToWakeBy(at: Millis): void {
    try {
      this.#wakeBy(at)
    } catch {
      // Another instance owns the alarm by now.
    }
  }
}

/** Older homes do not say at which sort key their records lie: they have no ranges. */
function ofAnyVersion(operation: PartitionOperation): PartitionOperation {
  if (operation.kind !== 'prepare' && operation.kind !== 'inquire') return operation
  const { attempt } = operation
  const sortKey: Uint8Array | undefined = attempt.sortKey
  return sortKey === undefined
    ? { ...operation, attempt: { ...attempt, sortKey: new Uint8Array() } }
    : operation
}

function unknown(refusal: unknown): OutcomeUnknownError {
  if (refusal instanceof OutcomeUnknownError) return refusal
  const { message } = reportError(refusal)
  return new OutcomeUnknownError(
    `this write was sent before, which may have happened, and is refused now (${message}): read the rows to ` +
      'see whether it did',
  )
}
