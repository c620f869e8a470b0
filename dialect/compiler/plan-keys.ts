import type { Expression } from '../../engine/expressions/expression.js'
import { type Interval, mergeIntervals, singleton, tuplesUnder } from '../../engine/keys/interval.js'
import { encodeKey } from '../../engine/keys/key-codec.js'
import type { ItemKey, Span } from '../../engine/operations.js'
import type { TableSchema } from '../schema/table-schema.js'
import { both, isNoPart, isOneValue, type KeyBox, keyBoxes } from './key-boxes.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** Where the rows are that a condition may hold for, and what is left to ask of each. */
export interface KeyPlan {
  /** Disjoint. None when the condition can never hold. */
  readonly spans: readonly Span[]
  /** The keys of the rows, if the condition names them one by one. */
  readonly keys: readonly ItemKey[] | undefined
  /** What the spans do not say already. */
  readonly filter: Expression | undefined
  readonly boxes: readonly KeyBox[]
}

/**
 * Finds the places that a query has to visit.
 *
 * @throws {UnsupportedQueryError} when the condition leaves the hash key open.
 */
export function planKeys(condition: Expression | undefined, table: TableSchema): KeyPlan {
  const conjuncts = condition === undefined ? [] : condition.kind === 'and' ? condition.operands : [condition]
  const parts = conjuncts.map((conjunct) => ({ conjunct, ...keyBoxes(conjunct, table) }))
  const { boxes } = parts.reduce((all, part) => both(all, part, table), {
    boxes: [new Map()] as readonly KeyBox[],
    exact: true,
  })
  const spans = mergeSpans(boxes.map((box) => spanOf(box, table)))
  const served = servedColumns(boxes, table)
  const left = parts
    .filter(
      ({ exact, boxes: own }) =>
        !exact || own.some((box) => [...box.keys()].some((column) => !served.has(column))),
    )
    .map(({ conjunct }) => conjunct)
  return {
    spans,
    boxes,
    keys: wholeKeys(spans, boxes, table),
    filter: left.length > 1 ? { kind: 'and', operands: left } : left[0],
  }
}

/**
 * Where the sort keys of the rows lie that a condition may hold for, whatever their hash keys; nothing when it can
 * never hold.
 *
 * @throws {UnsupportedQueryError} when the condition names the hash keys.
 */
export function planScan(condition: Expression | undefined, table: TableSchema): Interval | undefined {
  if (condition === undefined) return tableInterval(table)
  const { boxes } = keyBoxes(condition, table)
  const intervals = mergeIntervals(boxes.map((box) => sortInterval(box, table)))
  const [first] = intervals
  if (first === undefined) return undefined
  if (boxes.every((box) => isOneValue(box.get(table.hashKey) ?? EVERYTHING))) {
    throw new UnsupportedQueryError('scan_of_hash_key', { table: table.name, column: table.hashKey })
  }
  return { from: first.from, to: (intervals.at(-1) as Interval).to }
}

/** The key of each span, if every span is what one box says that binds the whole key. */
function wholeKeys(
  spans: readonly Span[],
  boxes: readonly KeyBox[],
  table: TableSchema,
): ItemKey[] | undefined {
  if (openColumn(boxes, table) !== undefined) return undefined
  // Spans of whole keys do not touch, so none of them was merged with another.
  return spans.map(({ hashKey, interval }) => ({ hashKey, sortKey: interval.from }))
}

/** The first column of the sort key that some box leaves open, if there is one. */
export function openColumn(boxes: readonly KeyBox[], table: TableSchema): string | undefined {
  return table.sortKey.find((column) => boxes.some((box) => !isOneValue(box.get(column) ?? EVERYTHING)))
}

/** All rows of a table under one hash key: their sort keys start with the table's name. */
export function tableInterval(table: TableSchema): Interval {
  return tuplesUnder(tablePrefix(table))
}

/** What the sort keys of a table's rows start with. */
export function tablePrefix(table: TableSchema): Uint8Array {
  return encodeKey([table.name])
}

const EVERYTHING: Interval = { from: new Uint8Array(), to: Uint8Array.of(0xff) }

function spanOf(box: KeyBox, table: TableSchema): Span {
  const hash = box.get(table.hashKey)
  if (hash === undefined || !isOneValue(hash)) {
    throw new UnsupportedQueryError('missing_hash_key', { table: table.name, column: table.hashKey })
  }
  return { hashKey: hash.from, interval: sortInterval(box, table) }
}

/** Columns that equal something make a prefix; the first that does not may be a range; the rest is open. */
function sortInterval(box: KeyBox, table: TableSchema): Interval {
  let prefix = tablePrefix(table)
  for (const column of table.sortKey) {
    const interval = box.get(column)
    if (interval === undefined) return tuplesUnder(prefix)
    if (!isOneValue(interval)) return { from: join(prefix, interval.from), to: join(prefix, interval.to) }
    if (isNoPart(interval)) return singleton(prefix)
    prefix = join(prefix, interval.from)
  }
  return tuplesUnder(prefix)
}

/** The key columns whose restriction, in every box that has one, is part of the span. */
function servedColumns(boxes: readonly KeyBox[], table: TableSchema): ReadonlySet<string> {
  const served = new Set([table.hashKey, ...table.sortKey])
  for (const box of boxes) {
    const firstOpen = table.sortKey.findIndex((column) => !isOneValue(box.get(column) ?? EVERYTHING))
    for (const column of firstOpen === -1 ? [] : table.sortKey.slice(firstOpen + 1)) {
      if (box.has(column)) served.delete(column)
    }
  }
  return served
}

/** Intervals of one hash key that overlap or touch become one: no row is read twice. */
function mergeSpans(spans: readonly Span[]): Span[] {
  const byHashKey = new Map<string, Span[]>()
  for (const span of spans) {
    const name = span.hashKey.join()
    const group = byHashKey.get(name)
    if (group === undefined) byHashKey.set(name, [span])
    else group.push(span)
  }
  return [...byHashKey.values()].flatMap((group) => {
    const { hashKey } = group[0] as Span
    return mergeIntervals(group.map(({ interval }) => interval)).map((interval) => ({ hashKey, interval }))
  })
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return joined
}
