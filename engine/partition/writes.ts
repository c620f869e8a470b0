import { PartitionFullError } from '../errors.js'
import { mark } from '../mark.js'
import type { Change, PartitionWrite, PinnedSettings, WriteResult } from '../operations.js'
import type { Storage } from '../ports.js'
import type { Limits } from '../settings.js'
import { ClaimBuilder } from './claim.js'
import type { Contents } from './contents.js'
import type { LockTable, Turn } from './lock-table.js'
import type { Writer } from './write-items.js'

/** Writes what is served here, once nothing is in the way and if there is room. */
export class Writes {
  readonly #storage: Storage
  readonly #limits: Limits
  readonly #locks: LockTable
  readonly #contents: Contents

  constructor(storage: Storage, limits: Limits, locks: LockTable, contents: Contents) {
    this.#storage = storage
    this.#limits = limits
    this.#locks = locks
    this.#contents = contents
  }

  /** @throws {PartitionFullError} when the partition has no room for what would make it larger. */
  checkRoom(changes: readonly Change[]): void {
    const { partitionBytes } = this.#limits
    if (changes.every(({ kind }) => kind === 'delete' || kind === 'check' || kind === 'alone')) return
    const bytes = this.#contents.opened?.moving.bytes() ?? 0
    if (bytes < partitionBytes) return
    throw new PartitionFullError(
      `the partition has ${bytes} bytes, and at most ${partitionBytes} are allowed: delete something, or wait until ` +
        'it has split; a partition that does not split has one item, or one that gets all requests',
      { limit: partitionBytes, size: bytes },
    )
  }

  /** Makes all changes of a write or none. One whose token is known is answered as the first time. */
  write(operation: PartitionWrite, settings: PinnedSettings, turn: Turn): WriteResult {
    const contents = this.#contents
    if (contents.tokens.recall(operation.token) === undefined) {
      this.#passToWrite(operation, turn)
    }
    try {
      return contents.writing(({ writer, versions }) => {
        if (contents.isPinned) return writer.write(operation)
        // What is undone must not take the stored bound with it, which this instance counts on.
        versions.reserve()
        return this.#storage.atomic(() => this.#writeFirst(writer, operation, settings))
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
    this.#contents.pin(settings)
    return result
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
