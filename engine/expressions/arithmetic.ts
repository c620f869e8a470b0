import { TypeMismatchError } from '../errors.js'
import type { Value } from '../values/value.js'
import type { ArithmeticOperator } from './expression.js'
import { toInt64 } from './int64.js'

/**
 * SQL arithmetic: null with null, and null for what is no number (a division by zero, infinity minus
 * infinity). Two numbers are doubles; two bigints are exact and divide without a rest; a bigint and an integer
 * number are two bigints, and a bigint and a fraction are two numbers.
 *
 * @throws {TypeMismatchError} for anything else.
 */
export function calculate(operator: ArithmeticOperator, left: Value, right: Value): number | bigint | null {
  if (left === null || left === undefined || right === null || right === undefined) return null
  if (typeof left === 'number' && typeof right === 'number') return onNumbers(operator, left, right)
  if (typeof left === 'bigint' && typeof right === 'bigint') return onBigints(operator, left, right)
  if (typeof left === 'bigint' && typeof right === 'number') {
    return Number.isInteger(right)
      ? onBigints(operator, left, BigInt(right))
      : onNumbers(operator, Number(left), right)
  }
  if (typeof left === 'number' && typeof right === 'bigint') {
    return Number.isInteger(left)
      ? onBigints(operator, BigInt(left), right)
      : onNumbers(operator, left, Number(right))
  }
  throw new TypeMismatchError(`${operator} takes numbers, not ${typeof left} and ${typeof right}`)
}

/** @throws {TypeMismatchError} for what is neither a number nor null. */
export function negate(operand: Value): number | bigint | null {
  if (operand === null || operand === undefined) return null
  if (typeof operand === 'number' || typeof operand === 'bigint') return -operand
  throw new TypeMismatchError(`- takes a number, not ${typeof operand}`)
}

function onNumbers(operator: ArithmeticOperator, left: number, right: number): number | null {
  const result = compute(operator, left, right)
  return result === null || Number.isNaN(result) ? null : result
}

function compute(operator: ArithmeticOperator, left: number, right: number): number | null {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0 ? null : left / right
    case '%': {
      // SQLite casts both sides to 64-bit integers first.
      if (Number.isNaN(left) || Number.isNaN(right)) return null
      const divisor = toInt64(right)
      return divisor === 0n ? null : Number(toInt64(left) % divisor)
    }
    default:
      throw unknownOperator(operator)
  }
}

function onBigints(operator: ArithmeticOperator, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0n ? null : left / right
    case '%':
      return right === 0n ? null : left % right
    default:
      throw unknownOperator(operator)
  }
}

/** From a newer version, or from no version at all: what is not understood is refused. */
function unknownOperator(operator: never): TypeMismatchError {
  return new TypeMismatchError(`there is no operator ${operator}`)
}
