import type { ItemTable } from '../changes/item-table.js'
import { show } from '../changes/show.js'
import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import { assert } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { type Interval, isEmpty, successor } from '../keys/interval.js'
import type {
  Direction,
  ItemKey,
  QueryOperation,
  Reading,
  Reservation,
  Span,
  Version,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import type { ItemText } from '../values/item-text.js'
import type { Answered, KnownItems, PagedItem } from './known-items.js'
import { type KeyedPage, mergedPage, mergeOrdered } from './merge.js'
import { checkLimit, checkWindow, reachOf, sortSpans } from './order.js'
import type { CallOptions, PartitionCalls } from './partition-calls.js'
import { itemText, type WriteBuffer } from './write-buffer.js'

/** How a transaction asks partitions. */
export type BlockCalls = Pick<PartitionCalls, 'items' | 'page'>

/** How the items of a span are read. */
interface BlockReading extends Reading {
  readonly direction: Direction
  /** At least 1. Counts items that pass the filter. */
  readonly limit?: number | undefined
  readonly pageSize?: number | undefined
}

/** Rows that pass, and what of the interval was looked at to find them. */
interface Shown {
  readonly items: ItemText[]
  readonly sortKeys: Uint8Array[]
  readonly covered: Interval
}

/** Rows to look at when a filter may drop some, at first; each further page is so many times longer. */
const FIRST_FILTERED = 64
const LONGER = 4

/**
 * Reads for a transaction: from what is known already where that is enough, and from partitions otherwise, with
 * the buffered writes in their places. Partitions are asked for items as they are: filters and projections must
 * be applied to what the buffer makes of them.
 */
export class BlockReader {
  readonly #calls: BlockCalls
  readonly #reservation: () => Reservation | undefined
  readonly #known: KnownItems
  readonly #buffer: () => WriteBuffer
  #answers = 0

  /** @param reservation what the reads reserve, if they do. */
  constructor(
    calls: BlockCalls,
    known: KnownItems,
    buffer: () => WriteBuffer,
    reservation: () => Reservation | undefined,
  ) {
    this.#reservation = reservation
    this.#calls = calls
    this.#known = known
    this.#buffer = buffer
  }

  /** Asks for the items that are not known. */
  async learn(keys: readonly ItemKey[], options: CallOptions | undefined): Promise<void> {
    const unknown = new Map<string, { readonly key: ItemKey }>()
    for (const key of keys) if (!this.#known.knows(key)) unknown.set(itemText(key), { key })
    await this.#calls.items(
      [...unknown.values()],
      { observe: 'versions', ...this.#reserving() },
      options,
      (asked, { result, by }) => {
        const answered = this.#answered(result, by)
        result.found.forEach((found, i) => {
          this.#known.learnItem((asked[i] as { key: ItemKey }).key, found, answered)
        })
      },
    )
  }

  /** All items that the query finds, in its order. */
  async query(operation: QueryOperation, options: CallOptions | undefined): Promise<ItemText[]> {
    const { spans, order, limit, offset } = operation
    // With a limit, the spans after the one that reaches it must not be looked at.
    if (spans.length > 1 && order.first === 'hashKey' && limit === undefined && !offset) {
      const found = await mapConcurrently(sortSpans(operation), MAX_CALLS, (span) =>
        this.query({ ...operation, spans: [span] }, options),
      )
      return found.flat()
    }
    const items: ItemText[] = []
    for await (const page of this.pages(operation, {}, options)) for (const item of page) items.push(item)
    return items
  }

  /** The items that the query finds, in its order, page by page. */
  async *pages(
    operation: QueryOperation,
    { pageSize }: { readonly pageSize?: number | undefined },
    options: CallOptions | undefined,
  ): AsyncGenerator<readonly ItemText[]> {
    checkWindow(operation)
    checkLimit(pageSize)
    const { order, offset = 0 } = operation
    const spans = sortSpans(operation)
    const merged = spans.length > 1 && order.first === 'sortKey'
    const reading = { ...operation, direction: order.sortKey }
    let left = reachOf(operation)
    let drop = offset
    const inTurn = async function* (reader: BlockReader) {
      for (const span of spans) {
        for await (const { items } of reader.spanPages(
          span,
          { ...reading, limit: left, pageSize },
          options,
        )) {
          yield items
        }
      }
    }
    const pages = merged
      ? mergeOrdered(
          order,
          spans.map((span) =>
            this.spanPages(
              span,
              { ...reading, limit: left, pageSize: pageSize ?? mergedPage(spans.length) },
              options,
            ),
          ),
        )
      : inTurn(this)
    for await (const items of pages) {
      const kept = drop > 0 || items.length > left ? items.slice(drop, left) : items
      if (kept.length > 0) yield kept
      drop = Math.max(0, drop - items.length)
      left -= items.length
      if (left <= 0) return
    }
  }

  /** The items of one span in order, page by page. */
  async *spanPages(
    { hashKey, interval }: Span,
    reading: BlockReading,
    options: CallOptions | undefined,
  ): AsyncGenerator<KeyedPage> {
    const { direction, limit = Number.POSITIVE_INFINITY, pageSize = limit } = reading
    const descending = direction === 'descending'
    let left = limit
    let rest = interval
    for (let asked = 0; !isEmpty(rest) && left > 0; ) {
      const most = Math.min(left, pageSize)
      const { examined, ...piece } = this.#known.firstPiece(hashKey, rest, descending)
      const page = examined
        ? this.#show(this.#known, { hashKey, interval: piece }, reading, most)
        : await this.#examine({ hashKey, interval: piece }, reading, most, asked++, options)
      yield { hashKey, items: page.items, sortKeys: page.sortKeys }
      left -= page.items.length
      rest = beyond(rest, page.covered, descending)
    }
  }

  /** Asks for the first rows of a span, and keeps as many as are needed: what was not used, cannot conflict. */
  async #examine(
    span: Span,
    reading: BlockReading,
    most: number,
    asked: number,
    options: CallOptions | undefined,
  ): Promise<Shown> {
    const { hashKey, interval } = span
    const { filter, direction } = reading
    const wanted =
      filter === undefined
        ? most + this.#buffer().deletes(span)
        : Math.max(most, FIRST_FILTERED) * LONGER ** asked
    const { result, by } = await this.#calls.page(
      {
        kind: 'query',
        hashKey,
        interval,
        direction,
        limit: Math.min(wanted, this.#known.room + 1),
        withKeys: true,
        observe: 'versions',
        ...this.#reserving(),
      },
      options,
    )
    const { items, sortKeys, versions, rest } = result
    assert(
      sortKeys && versions && versions.length === items.length,
      'an answer that was to observe says what it saw',
    )
    const rows = items.map((item, i) => ({
      item,
      version: versions[i] as number,
      sortKey: sortKeys[i] as Uint8Array,
    }))
    const descending = direction === 'descending'
    const answered = rest === undefined ? interval : beyond(interval, rest, !descending)
    const shown = this.#show(new Page(rows), { hashKey, interval: answered }, reading, most)
    const used = rows.filter(({ sortKey }) =>
      descending
        ? compareBytes(sortKey, shown.covered.from) >= 0
        : compareBytes(sortKey, shown.covered.to) < 0,
    )
    this.#known.learnInterval(hashKey, shown.covered, used, this.#answered(result, by))
    return shown
  }

  /** What passes of the rows of a span, with the buffered writes over them: `most`, or all that there is. */
  #show(
    beneath: Pick<ItemTable, 'get' | 'range'>,
    { hashKey, interval }: Span,
    reading: BlockReading,
    most: number,
  ): Shown {
    const descending = reading.direction === 'descending'
    const items: ItemText[] = []
    const sortKeys: Uint8Array[] = []
    const rows = this.#buffer().over(beneath).range(hashKey, interval, descending, Number.POSITIVE_INFINITY)
    for (const { item, sortKey } of rows) {
      const shown = show(item, reading)
      if (shown === undefined) continue
      items.push(shown)
      sortKeys.push(sortKey)
      if (items.length < most) continue
      const covered = descending
        ? { from: sortKey, to: interval.to }
        : { from: interval.from, to: successor(sortKey) }
      return { items, sortKeys, covered }
    }
    return { items, sortKeys, covered: interval }
  }

  #reserving(): { readonly reserve?: Reservation } {
    const reserve = this.#reservation()
    return reserve === undefined ? {} : { reserve }
  }

  #answered({ asOf }: { readonly asOf?: Version }, by: PartitionName): Answered {
    assert(asOf !== undefined, 'an answer that was to observe says when it saw')
    return { asOf, by, call: this.#answers++ }
  }
}

/** The rows of one answer, in the order in which they were asked for. */
class Page implements Pick<ItemTable, 'get' | 'range'> {
  readonly #rows: readonly PagedItem[]

  constructor(rows: readonly PagedItem[]) {
    this.#rows = rows
  }

  get(): undefined {}

  range(): readonly PagedItem[] {
    return this.#rows
  }
}

/** What of an interval comes after a piece of it, in the direction of reading. */
function beyond(interval: Interval, piece: Interval, descending: boolean): Interval {
  return descending ? { from: interval.from, to: piece.from } : { from: piece.to, to: interval.to }
}
