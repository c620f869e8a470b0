import { InvalidRequestError, OutcomeUnknownError, reportError } from '../errors.js'
import { mark } from '../mark.js'
import {
  type PartitionAnswer,
  type PartitionOperation,
  type PartitionRequest,
  type PartitionResult,
  type PartitionWrite,
  REQUEST_VERSION,
  type WriteResult,
} from '../operations.js'
import type { Clock, Storage } from '../ports.js'
import type { Limits } from '../settings.js'
import { FactStore } from './fact-store.js'
import { HybridClock } from './hybrid-clock.js'
import { ItemStore } from './item-store.js'
import { batchGet, get, query } from './read-items.js'
import { createTables, STORAGE_FORMAT, tablesExist } from './schema.js'
import { checkSettings, settingsText } from './settings-check.js'
import { TokenMemory } from './token-memory.js'
import { Writer } from './write-items.js'

export interface PartitionPorts {
  readonly storage: Storage
  readonly clock: Clock
}

/**
 * One partition: owns the items of its hash keys and answers for them. Lives in one Durable Object, whose
 * requests it takes one after the other; between two of its awaits, of which it has none, it is alone.
 *
 * Every operation is decided in one synchronous section: are the settings those that the data was written
 * with? has its token been seen? do its conditions hold? write.
 */
export class Partition {
  readonly #ports: PartitionPorts
  readonly #items: ItemStore
  readonly #facts: FactStore
  readonly #limits: Limits
  /** The writes that this instance has decided; unset before the first. */
  #tokens: TokenMemory | undefined
  /** Unset as long as nothing was ever written: a partition that is only read stays without tables. */
  #writer: Writer | undefined
  /** The settings that the data was written with, once there is data. */
  #settings: string | undefined

  constructor(ports: PartitionPorts, limits: Limits) {
    this.#ports = ports
    this.#limits = limits
    this.#items = new ItemStore(ports.storage)
    this.#facts = new FactStore(ports.storage)
  }

  /** Never throws: an error is an answer. What it refuses, it has not changed. */
  execute(request: PartitionRequest): PartitionAnswer {
    try {
      if (request.version > REQUEST_VERSION) {
        throw new InvalidRequestError(
          `the Worker speaks version ${request.version} of the protocol and the Durable Object version ` +
            `${REQUEST_VERSION}: a deployment is under way, or the two come from different ones`,
        )
      }
      this.#openWritten()
      if (this.#settings !== undefined) checkSettings(this.#settings, request.settings)
      return { ok: true, result: this.#run(request.operation, request) }
    } catch (error) {
      return { ok: false, error: reportError(this.#isOutcome(request.operation) ? error : unknown(error)) }
    }
  }

  /**
   * Whether what is refused now has not happened before either. A write that was sent before may have: only
   * what was decided under its token tells.
   */
  #isOutcome(operation: PartitionOperation): boolean {
    return (
      operation.kind !== 'write' || !operation.resent || this.#tokens?.recall(operation.token) !== undefined
    )
  }

  #run(operation: PartitionOperation, request: PartitionRequest): PartitionResult {
    const written = this.#writer !== undefined
    switch (operation.kind) {
      case 'get':
        return { found: written ? get(this.#items, operation) : null }
      case 'batchGet':
        return { found: written ? batchGet(this.#items, operation) : operation.keys.map(() => null) }
      case 'query':
        return written ? query(this.#items, operation) : { items: [] }
      case 'write':
        return this.#writer === undefined
          ? this.#writeFirst(operation, request)
          : this.#writer.write(operation)
      default:
        operation satisfies never
        throw new InvalidRequestError(`no operation is called ${(operation as { kind: unknown }).kind}`)
    }
  }

  /**
   * Opens what was written here, if anything was. The storage is asked until then: an instance that was
   * replaced without knowing must not answer from memory that there is nothing.
   */
  #openWritten(): void {
    if (this.#writer !== undefined || !tablesExist(this.#ports.storage)) return
    MARK: mark('an instance opens what another has written')
    this.#tokens = new TokenMemory(this.#ports.clock.now())
    this.#open(this.#tokens)
  }

  /** The first write makes the tables and pins the settings, all of it only if it writes anything. */
  #writeFirst(operation: PartitionWrite, { settings }: PartitionRequest): WriteResult {
    const { storage } = this.#ports
    // Where nothing was ever written, no write of an earlier instance can have been forgotten.
    this.#tokens ??= new TokenMemory(Number.NEGATIVE_INFINITY)
    try {
      return storage.atomic(() => {
        createTables(storage)
        this.#facts.set('storage_format', STORAGE_FORMAT)
        this.#facts.set('settings', settingsText(settings))
        const result = this.#open(this.#tokens as TokenMemory).write(operation)
        if (result.changes.every(({ made }) => !made)) {
          MARK: mark('the first write changes nothing and leaves nothing')
          throw new NothingWritten(result)
        }
        MARK: mark('the first write makes the tables')
        return result
      })
    } catch (error) {
      this.#writer = undefined
      this.#settings = undefined
      if (error instanceof NothingWritten) return error.result
      throw error
    }
  }

  #open(tokens: TokenMemory): Writer {
    const format = this.#facts.get('storage_format')
    if (format !== STORAGE_FORMAT) {
      throw new InvalidRequestError(
        `the partition's tables have format ${format}, and this version reads format ${STORAGE_FORMAT}: ` +
          'deploy a version of kysely-fokos that is at least as new as the one that wrote them',
      )
    }
    this.#settings = this.#facts.get('settings') as string
    const clock = new HybridClock(this.#ports.clock, {
      get: () => (this.#facts.get('clock_bound') ?? 0) as number,
      set: (bound) => this.#facts.set('clock_bound', bound),
    })
    this.#writer = new Writer({
      storage: this.#ports.storage,
      clock: this.#ports.clock,
      items: this.#items,
      versions: clock,
      tokens,
      limits: this.#limits,
    })
    return this.#writer
  }
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
