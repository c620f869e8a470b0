import type { ComparisonOperator, Expression } from '../../engine/expressions/expression.js'
import {
  append,
  bytesUnder,
  type Interval,
  intersect,
  isEmpty,
  tuplesUnder,
} from '../../engine/keys/interval.js'
import {
  codesOf,
  encodeKey,
  encodeStringPrefix,
  type KeyPart,
  LAST_BYTE,
} from '../../engine/keys/key-codec.js'
import type { Value } from '../../engine/values/value.js'
import { isKeyColumn, type TableSchema } from '../schema/table-schema.js'
import { keyPart } from './key-part.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/**
 * What a condition says of the key: for each key column that it restricts, the interval that the column's
 * encoded value lies in. Columns that are not there may be anything.
 */
export type KeyBox = ReadonlyMap<string, Interval>

/**
 * The rows that pass a condition have keys in one of these boxes; there are none when it can never hold.
 * `exact` says the reverse too: every key in a box passes.
 */
export interface KeyBoxes {
  readonly boxes: readonly KeyBox[]
  readonly exact: boolean
}

/** One box is one interval to read, or one key. */
const MAX_BOXES = 1_000

const EVERYWHERE: KeyBox = new Map()
const UNRESTRICTED: KeyBoxes = { boxes: [EVERYWHERE], exact: false }
const ALWAYS: KeyBoxes = { boxes: [EVERYWHERE], exact: true }
const NEVER: KeyBoxes = { boxes: [], exact: true }

const EMPTY = new Uint8Array()
/** Below and above the encoding of every part; the lowest leaves out a row that has no part here. */
const LOWEST_PART = Uint8Array.of(0)
const HIGHEST_PART = Uint8Array.of(LAST_BYTE)
const FLIPPED: { readonly [operator in ComparisonOperator]: ComparisonOperator } = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/** Finds out what a condition says of the key columns. */
export function keyBoxes(condition: Expression, table: TableSchema): KeyBoxes {
  switch (condition.kind) {
    case 'and':
      return condition.operands.reduce<KeyBoxes>(
        (all, operand) => both(all, keyBoxes(operand, table), table),
        ALWAYS,
      )
    case 'or':
      return condition.operands.reduce<KeyBoxes>(
        (all, operand) => either(all, keyBoxes(operand, table), table),
        NEVER,
      )
    case 'value':
      return constantBoxes(condition.value)
    case 'compare':
      return compareBoxes(condition, table)
    case 'compareTuples':
      return tupleBoxes(condition, table)
    case 'identical':
      return identicalBoxes(condition, table)
    case 'in':
      return inBoxes(condition, table)
    case 'like':
      return likeBoxes(condition, table)
    default:
      return UNRESTRICTED
  }
}

/** The boxes of both: those that two have in common. */
export function both(left: KeyBoxes, right: KeyBoxes, table: TableSchema): KeyBoxes {
  const exact = left.exact && right.exact
  if (left.boxes.length === 1 && left.boxes[0]?.size === 0) return { boxes: right.boxes, exact }
  if (right.boxes.length === 1 && right.boxes[0]?.size === 0) return { boxes: left.boxes, exact }
  const boxes: KeyBox[] = []
  for (const one of left.boxes) {
    for (const other of right.boxes) {
      const common = overlap(one, other)
      if (common !== undefined) boxes.push(common)
    }
    checkNumber(boxes, table)
  }
  return { boxes, exact: exact || boxes.length === 0 }
}

function either(left: KeyBoxes, right: KeyBoxes, table: TableSchema): KeyBoxes {
  const exact = left.exact && right.exact
  const boxes = [...left.boxes, ...right.boxes]
  if (boxes.some((box) => box.size === 0)) return { boxes: [EVERYWHERE], exact }
  checkNumber(boxes, table)
  return { boxes, exact }
}

function checkNumber(boxes: readonly unknown[], table: TableSchema): void {
  if (boxes.length > MAX_BOXES) {
    throw new UnsupportedQueryError('too_many_intervals', { table: table.name, limit: String(MAX_BOXES) })
  }
}

function overlap(left: KeyBox, right: KeyBox): KeyBox | undefined {
  const common = new Map(left)
  for (const [column, interval] of right) {
    const other = common.get(column)
    const shared = other === undefined ? interval : intersect(other, interval)
    if (isEmpty(shared)) return undefined
    common.set(column, shared)
  }
  return common
}

function constantBoxes(value: Value): KeyBoxes {
  if (typeof value === 'boolean' || typeof value === 'number') return value ? ALWAYS : NEVER
  return value === null ? NEVER : UNRESTRICTED
}

function compareBoxes(condition: Expression & { kind: 'compare' }, table: TableSchema): KeyBoxes {
  const { operator, left, right } = condition
  if (left.kind === 'value' && right.kind === 'value') {
    // `1 = 1` and `1 = 0` are what Kysely writes for empty lists of conditions.
    const known = operator === '=' && typeof left.value === 'number' && typeof right.value === 'number'
    return known ? constantBoxes(left.value === right.value) : UNRESTRICTED
  }
  if (left.kind === 'value')
    return compareBoxes({ ...condition, operator: FLIPPED[operator], left: right, right: left }, table)
  const column = keyColumn(left, table)
  if (column === undefined || right.kind !== 'value' || operator === '!=') return UNRESTRICTED
  if (right.value === null) return NEVER
  return oneBox(column, comparedInterval(operator, keyPart(right.value, column, table)))
}

/**
 * `(a, b) > (x, y)` is a box where a comes after x, and one where a is x and b comes after y. As intervals of
 * keys they touch, and become one.
 */
function tupleBoxes(
  { operator, left, right }: Expression & { kind: 'compareTuples' },
  table: TableSchema,
): KeyBoxes {
  const boxes: KeyBox[] = []
  const equal = new Map<string, Interval>()
  for (let i = 0; i < left.length; i++) {
    const column = keyColumn(left[i] as Expression, table)
    const value = right[i] as Expression
    // A column that stands twice is restricted once: what more it says is left to the filter.
    if (column === undefined || value.kind !== 'value' || equal.has(column)) {
      return i === 0 ? UNRESTRICTED : { boxes: [...boxes, equal], exact: false }
    }
    // When it comes down to a null, the comparison is unknown.
    if (value.value === null) break
    const same = tuplesUnder(encodeKey([keyPart(value.value, column, table)]))
    const last = i === left.length - 1
    const first = column !== table.hashKey && table.sortKeyOptional ? LOWEST_PART : EMPTY
    boxes.push(new Map(equal).set(column, orderedInterval(operator, same, last, first)))
    equal.set(column, same)
  }
  return { boxes, exact: true }
}

/** Where the encoded values lie that come before or after others in the order of keys, whatever their type. */
function orderedInterval(
  operator: '<' | '<=' | '>' | '>=',
  same: Interval,
  last: boolean,
  first: Uint8Array,
): Interval {
  const inclusive = last && (operator === '<=' || operator === '>=')
  if (operator === '<' || operator === '<=') return { from: first, to: inclusive ? same.to : same.from }
  return { from: inclusive ? same.from : same.to, to: HIGHEST_PART }
}

function identicalBoxes({ left, right }: Expression & { kind: 'identical' }, table: TableSchema): KeyBoxes {
  if (left.kind === 'value' && right.kind !== 'value') {
    return identicalBoxes({ kind: 'identical', left: right, right: left }, table)
  }
  const column = keyColumn(left, table)
  if (column === undefined || right.kind !== 'value') return UNRESTRICTED
  if (right.value === null) {
    // A key column is never null, but for the sort key that an undeclared table's row may do without.
    return table.sortKeyOptional && column !== table.hashKey ? oneBox(column, NO_PART) : NEVER
  }
  return oneBox(column, comparedInterval('=', keyPart(right.value, column, table)))
}

function inBoxes({ operand, list }: Expression & { kind: 'in' }, table: TableSchema): KeyBoxes {
  if (list.length === 0) return NEVER
  const column = keyColumn(operand, table)
  if (column === undefined || !list.every((member) => member.kind === 'value')) return UNRESTRICTED
  const values = list.filter((member) => member.value !== null)
  checkNumber(values, table)
  return {
    boxes: values.map(
      ({ value }) => new Map([[column, comparedInterval('=', keyPart(value, column, table))]]),
    ),
    exact: true,
  }
}

/** `'p%'` is a prefix, and text without a wildcard is itself; a backslash is left to the partition. */
function likeBoxes({ operand, pattern }: Expression & { kind: 'like' }, table: TableSchema): KeyBoxes {
  const column = keyColumn(operand, table)
  if (column === undefined || pattern.kind !== 'value') return UNRESTRICTED
  if (pattern.value === null) return NEVER
  if (typeof pattern.value !== 'string') return UNRESTRICTED
  const parsed = /^([^%_\\]*)(%?)$/.exec(pattern.value)
  if (parsed === null) return UNRESTRICTED
  const [, text, wildcard] = parsed as unknown as [string, string, string]
  keyPart(text, column, table)
  return oneBox(
    column,
    wildcard === '' ? comparedInterval('=', text) : bytesUnder(encodeStringPrefix(EMPTY, text)),
  )
}

function oneBox(column: string, interval: Interval): KeyBoxes {
  return isEmpty(interval) ? NEVER : { boxes: [new Map([[column, interval]])], exact: true }
}

function keyColumn(expression: Expression, table: TableSchema): string | undefined {
  if (expression.kind !== 'column' || expression.of === 'proposed') return undefined
  return isKeyColumn(table, expression.column) ? expression.column : undefined
}

/** Where the encoded values lie that compare so with `part`: among those of its type, as conditions do. */
function comparedInterval(operator: Exclude<ComparisonOperator, '!='>, part: KeyPart): Interval {
  const { first, last } = codesOf(part)
  const equal = tuplesUnder(encodeKey([part]))
  const lowest = Uint8Array.of(first)
  const highest = Uint8Array.of(last + 1)
  switch (operator) {
    case '=':
      return equal
    case '<':
      return { from: lowest, to: equal.from }
    case '<=':
      return { from: lowest, to: equal.to }
    case '>':
      return { from: equal.to, to: highest }
    case '>=':
      return { from: equal.from, to: highest }
  }
}

/** The encoding of a sort key that is not there: nothing, and nothing after it. */
export const NO_PART: Interval = { from: EMPTY, to: Uint8Array.of(0) }

export function isNoPart({ from, to }: Interval): boolean {
  return from.length === 0 && isSame(to, NO_PART.to)
}

/** Whether an interval holds one value: it is what `=` made, or became that. */
export function isOneValue(interval: Interval): boolean {
  const { from, to } = interval
  return isNoPart(interval) || (from.length > 0 && isSame(to, append(from, LAST_BYTE)))
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i])
}
