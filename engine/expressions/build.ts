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

/** A constant: needed only where a plain value could be taken for an expression. */
export function value(constant: Value): Expression {
  return { kind: 'value', value: constant }
}

export function compare(left: Operand, operator: ComparisonOperator, right: Operand): Expression {
  return { kind: 'compare', operator, left: operand(left), right: operand(right) }
}

/** @example calculate(column('seats'), '-', 1) */
export function calculate(left: Operand, operator: ArithmeticOperator, right: Operand): Expression {
  return { kind: 'arithmetic', operator, left: operand(left), right: operand(right) }
}

export function and(...operands: readonly Expression[]): Expression {
  return { kind: 'and', operands }
}

export function or(...operands: readonly Expression[]): Expression {
  return { kind: 'or', operands }
}

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
