import { Draft, type DraftedWrite } from '../changes/draft.js'
import { isOver } from '../changes/ending.js'
import { LimitError } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { Change, ChangeOutcome, ChangeResult, ItemKey, PlannedChange, Span } from '../operations.js'
import type { Millis } from '../ports.js'
import { MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS } from '../settings.js'
import { textBytes } from '../values/item-text.js'
import type { KnownItems } from './known-items.js'

/** What one transaction may ask for at its commit. */
export const MAX_PLANNED_CHANGES = 1_000

/** A change, and what its statement was told became of it. */
interface ToldChange {
  readonly change: Change
  readonly made: boolean
}

interface OfKey {
  readonly key: ItemKey
  readonly changes: readonly ToldChange[]
}

/** A drafted write with its item's size. */
interface SizedWrite extends DraftedWrite {
  readonly bytes: number
}

/** A change as it is sent; its place among the others is its place in the list. */
export type BufferedChange = Omit<PlannedChange, 'index'>

/** The writes of a transaction that wait for its commit. Never changes: a statement makes a new one. */
export class WriteBuffer {
  readonly #known: KnownItems
  readonly #now: () => Millis
  readonly #writes: readonly SizedWrite[]
  readonly #ofKeys: ReadonlyMap<string, OfKey>
  /** What is known, with the buffered writes over it. To be read only. */
  readonly draft: Draft

  /** @param now the client's clock, by which what the transaction has written itself ends. */
  constructor(
    known: KnownItems,
    now: () => Millis,
    writes: readonly SizedWrite[] = [],
    ofKeys: ReadonlyMap<string, OfKey> = new Map(),
  ) {
    this.#known = known
    this.#now = now
    this.#writes = writes
    this.#ofKeys = ofKeys
    this.draft = this.over(known)
  }

  /** The buffered writes over other items. */
  over(beneath: ConstructorParameters<typeof Draft>[0]): Draft {
    return new Draft(beneath, this.#now, this.#writes)
  }

  /** Every key that a statement wanted to change after `earlier` was the buffer. */
  *keysSince(earlier: WriteBuffer): Generator<ItemKey> {
    for (const [text, ofKey] of this.#ofKeys) {
      if (ofKey !== earlier.#ofKeys.get(text)) yield ofKey.key
    }
  }

  /** How many rows of a span the buffer may hide. */
  deletes({ hashKey, interval }: Span): number {
    return this.#writes.filter(
      ({ key, item, expires }) =>
        (item === null || expires !== null) &&
        compareBytes(key.hashKey, hashKey) === 0 &&
        holdsKey(interval, key.sortKey),
    ).length
  }

  /**
   * With one more statement.
   *
   * @param drafted what it writes.
   * @throws {LimitError} when that is too much for one transaction.
   */
  with(
    changes: readonly Change[],
    results: readonly ChangeResult[],
    drafted: Iterable<DraftedWrite>,
  ): WriteBuffer {
    const writes = new Map(this.#writes.map((write) => [itemText(write.key), write]))
    for (const write of drafted) {
      writes.set(itemText(write.key), { ...write, bytes: write.item === null ? 0 : textBytes(write.item) })
    }
    const ofKeys = new Map(this.#ofKeys)
    changes.forEach((change, i) => {
      const text = itemText(change.key)
      const told = { change, made: (results[i] as ChangeResult).made }
      ofKeys.set(text, { key: change.key, changes: [...(ofKeys.get(text)?.changes ?? []), told] })
    })
    const buffer = new WriteBuffer(this.#known, this.#now, [...writes.values()], ofKeys)
    const bytes = buffer.#writes.reduce((sum, write) => sum + write.bytes, 0)
    const planned = buffer.changes()
    const sent = planned.reduce((sum, { change }) => sum + ('item' in change ? textBytes(change.item) : 0), 0)
    refuseAbove(MAX_TRANSACTION_ITEMS, writes.size, 'changes', 'rows')
    refuseAbove(MAX_TRANSACTION_BYTES, Math.max(bytes, sent), 'writes', 'bytes')
    refuseAbove(MAX_PLANNED_CHANGES, planned.length, 'makes', 'changes')
    return buffer
  }

  /**
   * What the commit asks for, key by key. Of a key whose item is certain, because it was read or the transaction
   * has put one there, only the outcome is sent; of others each change, with what may become of it.
   */
  changes(): BufferedChange[] {
    return [...this.#ofKeys.values()].flatMap(({ key, changes }) => {
      const certain = this.#known.isRead(key)
        ? 0
        : changes.findIndex(({ change }) => change.kind === 'put' && change.condition === undefined)
      if (certain < 0) return changes.map(bound)
      const outcome = this.draft.drafted(key)
      return [...changes.slice(0, certain).map(bound), ...(outcome === undefined ? [] : this.#last(outcome))]
    })
  }

  #last({ key, item, expires, expiresAt }: DraftedWrite): BufferedChange[] {
    // The transaction may have been told that it has ended, and a partition's clock may be behind.
    if (item !== null && !isOver(expires, this.#now())) {
      return [
        { change: { kind: 'put', key, item, ...(expiresAt === undefined ? undefined : { expiresAt }) } },
      ]
    }
    const nothingThere = this.#known.isRead(key) && this.#known.get(key) === undefined
    return nothingThere ? [] : [{ change: { kind: 'delete', key } }]
  }
}

/** Whether a change may write, where it is allowed what it was told. */
export function writes({ change, allow }: BufferedChange): boolean {
  return change.kind !== 'check' && (allow?.includes('made') ?? true)
}

const MADE: readonly ChangeOutcome[] = ['made']
const NOT_MADE: readonly ChangeOutcome[] = ['exists', 'absent', 'condition']

/** The statement was told a row count: it must come out again. */
function bound({ change, made }: ToldChange): BufferedChange {
  return { change, allow: made ? MADE : NOT_MADE }
}

/** An item's key as a text that can be a Map's key. */
export function itemText({ hashKey, sortKey }: ItemKey): string {
  return `${hashKey.length} ${keyText(hashKey)}${keyText(sortKey)}`
}

function refuseAbove(limit: number, size: number, verb: string, what: string): void {
  if (size <= limit) return
  throw new LimitError(
    `a transaction ${verb} at most ${limit} ${what}, and with this statement ${size}: do less in one`,
    { limit, size },
  )
}
