import { TypeMismatchError } from '../errors.js'
import { describe } from '../expressions/describe.js'
import { codesOf, type KeyPart } from '../keys/key-codec.js'
import { compareValues } from '../values/compare-values.js'
import type { Value } from '../values/value.js'

/** SQL's null, which NaN is too. */
export function isNull(value: Value): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value)
}

/**
 * The order of two values that are not null: those of one type by value, those of different types as types are
 * ordered in keys.
 *
 * @throws {TypeMismatchError} for what is nested, which has no order.
 */
export function orderValues(left: Value, right: Value): number {
  return compareValues(left, right) ?? typeRank(left) - typeRank(right)
}

/** As a result is ordered: null first. */
export function orderWithNulls(left: Value, right: Value): number {
  if (isNull(left) || isNull(right)) return Number(isNull(right)) - Number(isNull(left))
  return orderValues(left, right)
}

function typeRank(value: Value): number {
  const scalar = typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array
  if (!scalar) throw new TypeMismatchError(`${describe(value)} has no order`)
  return codesOf(value as KeyPart).first
}
