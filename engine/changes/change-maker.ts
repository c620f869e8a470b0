import { ConstraintError, InvalidRequestError, LimitError } from '../errors.js'
import { assign, holds } from '../expressions/evaluate.js'
import type { Expression, Projection } from '../expressions/expression.js'
import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import { mark } from '../mark.js'
import type { Change, ChangeResult, ItemKey, UpdateExisting, Version } from '../operations.js'
import type { CheckItem } from '../ports.js'
import { type Limits, MAX_STATEMENT_BYTES } from '../settings.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import type { Item } from '../values/value.js'
import { checkItemSize } from './check-sizes.js'
import { type Ending, endingOf, NEVER } from './ending.js'
import type { ItemTable, TableItem } from './item-table.js'
import { show } from './show.js'

export interface ChangeMakerOptions {
  readonly items: ItemTable
  /** The version of the next item that is written. */
  readonly tick: () => Version
  /** Of the write that the changes belong to. */
  readonly token: number
  readonly limits: Limits
  readonly returning?: Projection | undefined
  /** What updates and upserts must come to, where anybody minds. */
  readonly checkItem?: CheckItem | undefined
  /** Bytes of the items that the changes write together at most. */
  readonly maxBytes?: number
}

/** What the changes of one statement do to the items, one after the other, and what each answers. */
export class ChangeMaker {
  readonly #options: ChangeMakerOptions
  #written = 0
  #answered = 0

  constructor(options: ChangeMakerOptions) {
    this.#options = options
  }

  /**
   * @param index which change of its statement it is, for what it throws.
   * @throws {ConstraintError} when an insert meets an item and says that this is an error.
   * @throws {ValidationError} when an update makes of an item what it may not be.
   * @throws {LimitError} when an update makes an item too large, or all that is written or returned is too much.
   * @throws {InvalidValueError} when it is not a moment that is to say when an item ends.
   */
  make(change: Change, index: number): ChangeResult {
    switch (change.kind) {
      case 'insert':
        return this.#insert(change, index)
      case 'put':
        return this.#put(change, index)
      case 'update':
      case 'delete':
        return this.#alter(change, index)
      case 'check':
        return this.#check(change)
      case 'alone':
        this.#checkAlone(change.key, change.aloneIn, index)
        return { made: true, version: 0 }
      default:
        change satisfies never
        throw new InvalidRequestError(`no change is called ${(change as { kind: unknown }).kind}`)
    }
  }

  #insert(change: Change & { kind: 'insert' }, index: number): ChangeResult {
    const { items, tick, token } = this.#options
    const ending = textEnding(change, index)
    const version = tick()
    if (items.insert(change.key, change.item, version, token, ending)) return this.#made(version, change.item)
    if (change.onExisting === 'ignore') return { made: false, because: 'exists' }
    if (change.onExisting === 'error') {
      throw new ConstraintError('an item with this key exists already', { index })
    }
    return this.#updateExisting(change, change.onExisting, index)
  }

  #updateExisting(
    change: Change & { kind: 'insert' },
    { assignments, condition, expiresAt }: UpdateExisting,
    index: number,
  ): ChangeResult {
    const stored = this.#options.items.get(change.key)
    // It has ended since the insert met it, a moment ago.
    if (stored === undefined) return this.#insert(change, index)
    MARK: mark('an insert meets a row and updates it')
    const operands = { item: decodeItem(stored.item), proposed: decodeItem(change.item) }
    if (!holds(condition, operands)) return { made: false, because: 'condition' }
    const item = assign(assignments, operands)
    return this.#remake(change.key, item, endingAfter(stored, item, expiresAt, index), index)
  }

  #put(change: Change & { kind: 'put' }, index: number): ChangeResult {
    if (!this.#holdsFor(change.key, change.condition)) return { made: false, because: 'condition' }
    return this.#replace(change.key, change.item, textEnding(change, index), index)
  }

  #check({ key, condition }: Change & { kind: 'check' }): ChangeResult {
    return this.#holdsFor(key, condition)
      ? { made: true, version: this.#options.items.get(key)?.version ?? 0 }
      : { made: false, because: 'condition' }
  }

  /** Columns of an absent item are null. */
  #holdsFor(key: ItemKey, condition: Expression | undefined): boolean {
    if (condition === undefined) return true
    const stored = this.#options.items.get(key)
    return holds(condition, { item: stored === undefined ? undefined : decodeItem(stored.item) })
  }

  #alter(change: Change & { kind: 'update' | 'delete' }, index: number): ChangeResult {
    const { items, tick, returning } = this.#options
    if (change.aloneIn !== undefined) this.#checkAlone(change.key, change.aloneIn, index)
    if (change.kind === 'delete' && change.condition === undefined && returning === undefined) {
      return items.delete(change.key) ? { made: true, version: tick() } : { made: false, because: 'absent' }
    }
    const stored = items.get(change.key)
    if (stored === undefined) return { made: false, because: 'absent' }
    const item = decodeItem(stored.item)
    if (!holds(change.condition, { item })) return { made: false, because: 'condition' }
    if (change.kind === 'update') {
      const next = assign(change.assignments, { item })
      return this.#remake(change.key, next, endingAfter(stored, next, change.expiresAt, index), index)
    }
    items.delete(change.key)
    return this.#made(tick(), stored.item)
  }

  /** What is stored is what was there before the check, whatever that does with it. */
  #remake(key: ItemKey, item: Item, ending: Ending, index: number): ChangeResult {
    const text = encodeItem(item)
    this.#options.checkItem?.(key, item)
    return this.#replace(key, text, ending, index)
  }

  #replace(key: ItemKey, item: ItemText, ending: Ending, index: number): ChangeResult {
    const { items, tick, token, limits } = this.#options
    const bytes = checkItemSize(item, limits, index)
    this.#written = within(this.#written + bytes, 'writes', this.#options.maxBytes)
    const version = tick()
    items.put(key, item, version, token, ending)
    return this.#made(version, item)
  }

  #made(version: Version, item: ItemText): ChangeResult {
    const result = madeResult({ version }, item, this.#options.returning)
    this.#answered = within(this.#answered + (result.item?.length ?? 0), 'returns')
    return result
  }

  #checkAlone({ hashKey, sortKey }: ItemKey, interval: Interval, index: number): void {
    for (const other of this.#options.items.range(hashKey, interval, true, 2)) {
      if (compareBytes(other.sortKey, sortKey) === 0) continue
      throw new InvalidRequestError(
        'the statement names a hash key alone, and there are items with a sort key',
        { index, others: true },
      )
    }
  }
}

/** When an item ends that is written whole. */
function textEnding(change: Change & { kind: 'put' | 'insert' }, index: number): Ending {
  return change.expiresAt === undefined ? NEVER : endingOf(decodeItem(change.item), change.expiresAt, index)
}

/** When an item ends that was changed: when it would have, if nobody says otherwise. */
function endingAfter(
  { expires = null, expiresAt: known }: TableItem,
  item: Item,
  expiresAt: string | undefined,
  index: number,
): Ending {
  return expiresAt === undefined ? { expires, expiresAt: known } : endingOf(item, expiresAt, index)
}

/** What a change that was made answers. */
export function madeResult(
  { version }: { readonly version: Version },
  item: ItemText,
  returning: Projection | undefined,
): ChangeResult & { made: true } {
  if (returning === undefined) return { made: true, version }
  return { made: true, version, item: show(item, { projection: returning }) as ItemText }
}

/** @returns the size. @throws {LimitError} when a statement writes or returns too much. */
function within(bytes: number, what: 'writes' | 'returns', limit = MAX_STATEMENT_BYTES): number {
  if (bytes <= limit) return bytes
  throw new LimitError(
    `a statement ${what} at most ${limit} bytes, and this one more: change fewer rows at once`,
    { limit, size: bytes },
  )
}
