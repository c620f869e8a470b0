import { ConstraintError, InvalidRequestError, LimitError, OutcomeUnknownError } from '../errors.js'
import { assign, holds } from '../expressions/evaluate.js'
import type { Projection } from '../expressions/expression.js'
import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import { mark } from '../mark.js'
import type {
  Change,
  ChangeResult,
  ItemKey,
  PartitionWrite,
  UpdateExisting,
  Version,
  WriteResult,
} from '../operations.js'
import type { Clock, Storage } from '../ports.js'
import { type Limits, MAX_STATEMENT_BYTES } from '../settings.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import { checkItemSize, checkWriteSize } from './check-sizes.js'
import type { HybridClock } from './hybrid-clock.js'
import type { ItemStore, StoredItem } from './item-store.js'
import { show } from './read-items.js'
import { RETENTION, type TokenMemory } from './token-memory.js'

export interface WriterParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly items: ItemStore
  readonly versions: HybridClock
  readonly tokens: TokenMemory
  readonly limits: Limits
}

/** A write under way, and what it has written and answered so far. */
interface Running extends PartitionWrite {
  readonly spent: { written: number; answered: number }
}

/** Makes changes: all of an operation's in one atomic section, each once. */
export class Writer {
  readonly #parts: WriterParts

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * @throws {ConstraintError} when an insert meets an item and says that this is an error.
   * @throws {LimitError} when the write is too large, an update makes an item too large, or all that is written
   * or returned is too much.
   * @throws {OutcomeUnknownError} when the write was sent before and nothing tells any more what became of it.
   */
  write(operation: PartitionWrite): WriteResult {
    const { storage, tokens, clock, versions, limits } = this.#parts
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
      tokens.remember(operation.token, earlier, clock.now())
      return earlier
    }
    versions.reserve()
    try {
      const running = { ...operation, spent: { written: 0, answered: 0 } }
      const changes = storage.atomic(() =>
        operation.changes.map((change, i) => this.#make(change, i, running)),
      )
      tokens.remember(operation.token, { changes }, clock.now())
      return { changes }
    } catch (error) {
      // A refusal is an outcome too: if another sending of this write is still on its way, it must meet it.
      MARK: mark('a write is undone')
      tokens.rememberRefusal(operation.token, error, clock.now())
      throw error
    }
  }

  /**
   * What became of an earlier sending of this write, as far as it shows: rows carry the token of the write
   * that made them. Nothing means that it certainly did not happen.
   */
  #recognise(operation: PartitionWrite): WriteResult | undefined {
    const { items, tokens, clock, versions } = this.#parts
    const rows = operation.changes.map((change) => items.get(change.key))
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

  #make(change: Change, index: number, operation: Running): ChangeResult {
    switch (change.kind) {
      case 'insert':
        return this.#insert(change, index, operation)
      case 'put':
        return this.#put(change, index, operation)
      case 'update':
      case 'delete':
        return this.#alter(change, index, operation)
      default:
        change satisfies never
        throw new InvalidRequestError(`no change is called ${(change as { kind: unknown }).kind}`)
    }
  }

  #insert(change: Change & { kind: 'insert' }, index: number, operation: Running): ChangeResult {
    const { items, versions } = this.#parts
    const version = versions.tick()
    if (items.insert(change.key, change.item, version, operation.token)) {
      return this.#made(version, change.item, operation)
    }
    if (change.onExisting === 'ignore') return { made: false, because: 'exists' }
    if (change.onExisting === 'error') {
      throw new ConstraintError('an item with this key exists already', { index })
    }
    return this.#updateExisting(change.key, change.item, change.onExisting, index, operation)
  }

  #updateExisting(
    key: ItemKey,
    proposed: ItemText,
    { assignments, condition }: UpdateExisting,
    index: number,
    operation: Running,
  ): ChangeResult {
    MARK: mark('an insert meets a row and updates it')
    const stored = this.#parts.items.get(key) as StoredItem
    const operands = { item: decodeItem(stored.item), proposed: decodeItem(proposed) }
    if (!holds(condition, operands)) return { made: false, because: 'condition' }
    return this.#replace(key, encodeItem(assign(assignments, operands)), index, operation)
  }

  #put(change: Change & { kind: 'put' }, index: number, operation: Running): ChangeResult {
    if (change.condition !== undefined) {
      const stored = this.#parts.items.get(change.key)
      const item = stored === undefined ? undefined : decodeItem(stored.item)
      if (!holds(change.condition, { item })) return { made: false, because: 'condition' }
    }
    return this.#replace(change.key, change.item, index, operation)
  }

  #alter(change: Change & { kind: 'update' | 'delete' }, index: number, operation: Running): ChangeResult {
    const { items } = this.#parts
    if (change.aloneIn !== undefined) this.#checkAlone(change.key, change.aloneIn, index)
    if (change.kind === 'delete' && change.condition === undefined && operation.returning === undefined) {
      return items.delete(change.key)
        ? { made: true, version: this.#parts.versions.tick() }
        : { made: false, because: 'absent' }
    }
    const stored = items.get(change.key)
    if (stored === undefined) return { made: false, because: 'absent' }
    const item = decodeItem(stored.item)
    if (!holds(change.condition, { item })) return { made: false, because: 'condition' }
    if (change.kind === 'update') {
      return this.#replace(change.key, encodeItem(assign(change.assignments, { item })), index, operation)
    }
    items.delete(change.key)
    return this.#made(this.#parts.versions.tick(), stored.item, operation)
  }

  #replace(key: ItemKey, item: ItemText, index: number, operation: Running): ChangeResult {
    const bytes = checkItemSize(item, this.#parts.limits, index)
    operation.spent.written = within(operation.spent.written + bytes, 'writes')
    const version = this.#parts.versions.tick()
    this.#parts.items.put(key, item, version, operation.token)
    return this.#made(version, item, operation)
  }

  #made(version: Version, item: ItemText, { returning, spent }: Running): ChangeResult {
    const result = madeResult({ version }, item, returning)
    if (result.made) spent.answered = within(spent.answered + (result.item?.length ?? 0), 'returns')
    return result
  }

  #checkAlone({ hashKey, sortKey }: ItemKey, interval: Interval, index: number): void {
    for (const other of this.#parts.items.range(hashKey, interval, true, 2)) {
      if (compareBytes(other.sortKey, sortKey) === 0) continue
      throw new InvalidRequestError(
        'the statement names a hash key alone, and there are items with a sort key',
        {
          index,
        },
      )
    }
  }
}

function madeResult(
  { version }: { readonly version: number },
  item: ItemText,
  returning: Projection | undefined,
): ChangeResult {
  if (returning === undefined) return { made: true, version }
  return { made: true, version, item: show(item, { projection: returning }) as ItemText }
}

/** @returns the size. @throws {LimitError} when a statement writes or returns too much. */
function within(bytes: number, what: 'writes' | 'returns'): number {
  if (bytes <= MAX_STATEMENT_BYTES) return bytes
  throw new LimitError(
    `a statement ${what} at most ${MAX_STATEMENT_BYTES} bytes, and this one more: change fewer rows at once`,
    { limit: MAX_STATEMENT_BYTES, size: bytes },
  )
}
