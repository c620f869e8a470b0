import { ChangeMaker, madeResult } from '../changes/change-maker.js'
import { checkWriteSize } from '../changes/check-sizes.js'
import { FokosError, OutcomeUnknownError } from '../errors.js'
import { mark } from '../mark.js'
import type { ItemKey, PartitionWrite, WriteResult } from '../operations.js'
import type { CheckItem, Clock, Storage } from '../ports.js'
import type { Limits } from '../settings.js'
import type { HybridClock } from './hybrid-clock.js'
import type { ItemStore, StoredItem } from './item-store.js'
import { RETENTION, type TokenMemory } from './token-memory.js'

export interface WriterParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly items: ItemStore
  readonly versions: HybridClock
  /** What was decided here lately. */
  tokens(): TokenMemory
  readonly limits: Limits
  readonly checkItem: CheckItem | undefined
}

/** Makes changes: all of an operation's in one atomic section, each once. */
export class Writer {
  readonly #parts: WriterParts

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * @throws {ConstraintError} when an insert meets an item and says that this is an error.
   * @throws {ValidationError} when an update makes of an item what it may not be.
   * @throws {LimitError} when the write is too large, an update makes an item too large, or all that is written
   * or returned is too much.
   * @throws {OutcomeUnknownError} when the write was sent before and nothing tells any more what became of it.
   */
  write(operation: PartitionWrite): WriteResult {
    const { storage, items, clock, versions, limits, checkItem } = this.#parts
    const tokens = this.#parts.tokens()
    const answered = tokens.recall(operation.token)
    if (answered !== undefined) {
      MARK: mark(
        operation.resent ? 'a resend is answered from memory' : 'a doubled write is answered from memory',
      )
      return answered()
    }
    checkWriteSize(operation.changes, limits)
    const age = clock.now() - operation.born
    if (age > RETENTION) {
      throw new OutcomeUnknownError(
        `this write was first sent ${Math.round(age / 1_000)} s ago by its sender's clock, and none older than ` +
          `${RETENTION / 1_000} s is begun: read the rows to see whether it happened`,
        { age, limit: RETENTION },
      )
    }
    // Decided, and too much was answered since to know with what: as good as sent again.
    const doubtful = operation.resent || tokens.isDecided(operation.token)
    const earlier = doubtful ? this.#recognise(operation) : undefined
    if (earlier !== undefined) {
      // The rows may be overwritten before the next sending of it arrives.
      tokens.remember(operation.token, earlier, keysOf(operation), clock.now())
      return earlier
    }
    versions.reserve()
    try {
      const maker = new ChangeMaker({
        items,
        limits,
        checkItem,
        tick: () => versions.tick(),
        token: operation.token,
        returning: operation.returning,
      })
      const make = () => operation.changes.map((change, i) => maker.make(change, i))
      const changes = items.afterwards(() => storage.atomic(make))
      tokens.remember(operation.token, { changes }, keysOf(operation), clock.now())
      return { changes }
    } catch (error) {
      if (!(error instanceof FokosError)) throw error
      // A refusal is an outcome too: if another sending of this write is still on its way, it must meet it.
      MARK: mark('a write is undone')
      tokens.rememberRefusal(operation.token, error, keysOf(operation), clock.now())
      throw error
    }
  }

  /**
   * What became of an earlier sending of this write, as far as it shows: rows carry the token of the write
   * that made them, also when they have ended. Nothing means that it certainly did not happen.
   */
  #recognise(operation: PartitionWrite): WriteResult | undefined {
    const { items, clock, versions } = this.#parts
    const tokens = this.#parts.tokens()
    const rows = operation.changes.map((change) => items.peek(change.key))
    const made = rows.filter((row) => row?.token === operation.token)
    // Of several changes to one row, only the last shows.
    if (new Set(made.map((row) => row?.version)).size === rows.length) {
      MARK: mark('a resend is recognised by its rows')
      return {
        changes: made.map((row) =>
          madeResult(row as StoredItem, (row as StoredItem).item, operation.returning),
        ),
      }
    }
    const undecided = !tokens.isDecided(operation.token) && tokens.knowsSince(operation.born, clock.now())
    // Memory alone does not tell: an instance that was replaced does not know what its successor wrote.
    if (made.length === 0 && undecided && versions.isCurrent()) {
      MARK: mark('a resend is certainly the first to arrive')
      return undefined
    }
    MARK: mark('nobody knows whether a resend happened')
    throw new OutcomeUnknownError(
      'the answer to this write was lost, and the partition does not know it any more: read the rows to see whether ' +
        'it happened',
    )
  }
}

/** The keys that a write is for. */
export function keysOf({ changes }: PartitionWrite): ItemKey[] {
  return changes.map(({ key }) => key)
}
