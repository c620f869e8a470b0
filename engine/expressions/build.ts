import type { Value } from '../values/value.js'
import type { ArithmeticOperator, ComparisonOperator, Expression } from './expression.js'

/*
 * Short forms for expressions, which are plain data: `compare(column('seats'), '>', 0)`. A value that is not
 * an expression stands for itself.
 */

/** A column of the item. */
export function column(name: string): Expression {
  return { kind: 'column', column: name }
}

/**
 * A constant. {@link compare} and {@link calculate} take plain values too, but for arrays, objects, maps and
 * sets; what an update sets is always an expression.
 *
 * @example store.update(key, { state: value('sent'), count: calculate(column('count'), '+', 1) })
 */
export function value(constant: Value): Expression {
  return { kind: 'value', value: constant }
}

/**
 * A condition that compares two operands: null, "unknown", when either is null or a column that is not there.
 *
 * @example compare(column('seats'), '>', 0)
 */
export function compare(left: Operand, operator: ComparisonOperator, right: Operand): Expression {
  return { kind: 'compare', operator, left: operand(left), right: operand(right) }
}

/**
 * Arithmetic on numbers and bigints: null when either operand is null, and for a division by zero.
 *
 * @example calculate(column('seats'), '-', 1)
 */
export function calculate(left: Operand, operator: ArithmeticOperator, right: Operand): Expression {
  return { kind: 'arithmetic', operator, left: operand(left), right: operand(right) }
}

/**
 * Holds when all operands hold; `and()` holds always.
 *
 * @example and(exists(), compare(column('by'), '=', 'ann'))
 */
export function and(...operands: readonly Expression[]): Expression {
  return { kind: 'and', operands }
}

/** Holds when one of the operands holds; `or()` never does. */
export function or(...operands: readonly Expression[]): Expression {
  return { kind: 'or', operands }
}

/**
 * Holds when the condition is false. `not` of null is null: where a column is not there, neither a comparison
 * nor its `not` holds.
 *
 * @example not(exists())
 */
export function not(condition: Expression): Expression {
  return { kind: 'not', operand: condition }
}

/** Whether there is an item. */
export function exists(): Expression {
  return { kind: 'exists' }
}

/** An expression, or what a constant one holds. */
export type Operand = Expression | string | number | bigint | boolean | null | Date | Uint8Array

function operand(given: Operand): Expression {
  const isExpression =
    typeof given === 'object' && given !== null && !(given instanceof Date) && !(given instanceof Uint8Array)
  return isExpression ? given : value(given)
}
