import { InvalidRequestError } from '../errors.js'
import type {
  PartitionOperation,
  PartitionResult,
  PartitionWrite,
  PinnedSettings,
  WriteResult,
} from '../operations.js'
import type { Contents } from './contents.js'
import type { Coordinator } from './coordinator.js'
import type { Turn } from './lock-table.js'
import { isWrite, keyToNote } from './operation-kinds.js'
import type { PageLimits } from './page-limits.js'
import type { Participant } from './participant.js'
import type { Place } from './place.js'
import { Reads } from './reads.js'
import { Writes } from './writes.js'

/** Decides operations whose keys are served here. */
export class Serving {
  readonly #contents: Contents
  readonly #coordinator: Coordinator
  readonly #participant: Participant
  readonly #reads: Reads
  readonly #writes: Writes

  constructor(
    { ports, limits, locks }: Place,
    contents: Contents,
    coordinator: Coordinator,
    participant: Participant,
    pages: PageLimits | undefined,
  ) {
    this.#contents = contents
    this.#coordinator = coordinator
    this.#participant = participant
    this.#reads = new Reads(ports, locks, contents, pages)
    this.#writes = new Writes(ports.storage, limits, locks, contents)
  }

  /** One section; all that the operation asks for is served here. */
  decide(
    operation: PartitionOperation,
    settings: PinnedSettings,
    turn: Turn,
  ): PartitionResult | Promise<PartitionResult> {
    switch (operation.kind) {
      case 'finish':
        return this.#participant.finish(operation)
      case 'inquire':
        return this.#coordinator.inquire(operation)
      case 'locate':
        this.#contents.checkCurrent(operation.key.hashKey)
        return {}
      case 'get':
        return this.#reads.get(operation, turn)
      case 'batchGet':
        return this.#reads.batchGet(operation, turn)
      case 'query':
        return this.#reads.query(operation, turn)
      case 'scan':
        return this.#reads.scan(operation, settings, turn)
      case 'validate':
        return this.#reads.validate(operation, turn)
      case 'write':
        this.#writes.checkRoom(operation.changes)
        return this.#writes.write(operation, settings, turn)
      case 'transact':
        if (!this.#coordinator.knows(operation)) {
          this.#writes.checkRoom(operation.part.changes.map(({ change }) => change))
        }
        return this.#coordinator.transact(operation, settings, turn)
      case 'prepare':
        this.#writes.checkRoom(operation.part.changes.map(({ change }) => change))
        return this.#participant.prepare(operation, turn)
      case 'describe':
      case 'outline':
      case 'adopt':
      case 'copy':
      case 'catchUp':
      case 'handOver':
      case 'settle':
        throw new InvalidRequestError(`${operation.kind} is not for a partition's keys`)
      default:
        operation satisfies never
        throw new InvalidRequestError(`no operation is called ${(operation as { kind: unknown }).kind}`)
    }
  }

  /** A write whose token is known: it is answered as the first time, wherever its keys are by now. */
  answerAgain(operation: PartitionWrite, settings: PinnedSettings, turn: Turn): WriteResult {
    return this.#writes.write(operation, settings, turn)
  }

  /** Notes what was asked for here, which may be one request too many. */
  note(operation: PartitionOperation): void {
    const key = keyToNote(operation)
    if (key !== undefined) this.#contents.opened?.moving.note(key, isWrite(operation))
  }
}
