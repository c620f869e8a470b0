import { TypeMismatchError } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { encodeKey, type KeyPart, whyNotAKeyPart } from '../keys/key-codec.js'
import { compareValues, equalValues, identicalValues } from '../values/compare-values.js'
import { columnOf } from '../values/item-text.js'
import type { Item, Value } from '../values/value.js'
import { calculate, negate } from './arithmetic.js'
import { call } from './call.js'
import { cast } from './cast.js'
import { describe } from './describe.js'
import type { Assignment, ComparisonOperator, Expression, Operands, Projection } from './expression.js'
import { matchesLike } from './like.js'
import { follow, setPath } from './path.js'

/** Whether a condition lets an item pass: unknown does not. */
export function holds(condition: Expression | undefined, operands: Operands): boolean {
  return condition === undefined || truth(evaluate(condition, operands)) === true
}

/** The item after an update: all values are computed from the item before it. */
export function assign(assignments: readonly Assignment[], operands: Operands): Item {
  const changed: Record<string, Value> = Object.assign(Object.create(null), operands.item)
  for (const { column, value } of assignments) {
    try {
      changed[column] = evaluate(value, operands)
    } catch (error) {
      if (!(error instanceof TypeMismatchError)) throw error
      throw new TypeMismatchError(`${column}: ${error.message}`, { column })
    }
  }
  return changed
}

/** The columns that a projection asks for. */
export function project(projection: Exclude<Projection, 'all'>, item: Item): Item {
  // Without a prototype, so that a column of any name is a column.
  const projected: Record<string, Value> = Object.create(null)
  for (const column of projection) {
    if (column.kind === 'all') Object.assign(projected, item)
    else projected[column.name] = evaluate(column.value, { item })
  }
  return projected
}

/** @throws {TypeMismatchError} where a value has no meaning for the operator. */
export function evaluate(expression: Expression, operands: Operands): Value {
  switch (expression.kind) {
    case 'value':
      return expression.value ?? null
    case 'column':
      return columnOf(expression.of === 'proposed' ? operands.proposed : operands.item, expression.column)
    case 'path':
      return follow(evaluate(expression.operand, operands), expression.legs)
    case 'compare':
      return compare(
        expression.operator,
        evaluate(expression.left, operands),
        evaluate(expression.right, operands),
      )
    case 'compareTuples':
      return compareTuples(expression, operands)
    case 'identical':
      return identicalValues(evaluate(expression.left, operands), evaluate(expression.right, operands))
    case 'in':
      return isIn(evaluate(expression.operand, operands), expression.list, operands)
    case 'like':
      return like(evaluate(expression.operand, operands), evaluate(expression.pattern, operands))
    case 'and':
      return combine(expression.operands, operands, false)
    case 'or':
      return combine(expression.operands, operands, true)
    case 'not': {
      const operand = truth(evaluate(expression.operand, operands))
      return operand === null ? null : !operand
    }
    case 'negate':
      return negate(evaluate(expression.operand, operands))
    case 'arithmetic':
      return calculate(
        expression.operator,
        evaluate(expression.left, operands),
        evaluate(expression.right, operands),
      )
    case 'concat':
      return concat(evaluate(expression.left, operands), evaluate(expression.right, operands))
    case 'exists':
      return operands.item !== undefined
    case 'case': {
      const branch = expression.branches.find(({ when }) => truth(evaluate(when, operands)) === true)
      const chosen = branch?.value ?? expression.otherwise
      return chosen === undefined ? null : evaluate(chosen, operands)
    }
    case 'call':
      return call(
        expression.function,
        expression.operands.map((operand) => evaluate(operand, operands)),
      )
    case 'cast':
      return cast(evaluate(expression.operand, operands), expression.to)
    case 'setPath':
      return setPath(
        evaluate(expression.operand, operands),
        expression.legs,
        evaluate(expression.value, operands),
      )
    default:
      // From a newer version: what is not understood is refused, never taken for true or false.
      expression satisfies never
      throw new TypeMismatchError(`no expression is a ${(expression as { kind: unknown }).kind}`)
  }
}

/** `and` ends at the first false, `or` at the first true; otherwise one unknown makes all unknown. */
function combine(expressions: readonly Expression[], operands: Operands, decisive: boolean): boolean | null {
  let combined: boolean | null = !decisive
  for (const expression of expressions) {
    const operand = truth(evaluate(expression, operands))
    if (operand === decisive) return decisive
    if (operand === null) combined = null
  }
  return combined
}

/** What a value says as a condition. */
function truth(value: Value): boolean | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value
  // NaN is SQL's null.
  if (typeof value === 'number') return Number.isNaN(value) ? null : value !== 0
  if (typeof value === 'bigint') return value !== 0n
  throw new TypeMismatchError(`${describe(value)} is neither true nor false; compare it with something`)
}

function compare(operator: ComparisonOperator, left: Value, right: Value): boolean | null {
  if (operator === '=' || operator === '!=') {
    const equal = equalValues(left, right)
    return equal === null ? null : equal === (operator === '=')
  }
  const order = compareValues(left, right)
  const answer = decide(operator, order ?? 0)
  return order === null ? null : answer
}

function decide(operator: Exclude<ComparisonOperator, '=' | '!='>, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    default:
      operator satisfies never
      throw new TypeMismatchError(`no comparison is ${operator}`)
  }
}

function compareTuples(
  { operator, left, right }: Expression & { kind: 'compareTuples' },
  operands: Operands,
): boolean | null {
  for (let i = 0; i < left.length; i++) {
    const ours = evaluate(left[i] as Expression, operands)
    const theirs = evaluate(right[i] as Expression, operands)
    if (whyNotAKeyPart(ours) !== undefined || whyNotAKeyPart(theirs) !== undefined) return null
    const order = compareBytes(encodeKey([ours as KeyPart]), encodeKey([theirs as KeyPart]))
    if (order !== 0) return decide(operator, order)
  }
  return decide(operator, 0)
}

function isIn(operand: Value, list: readonly Expression[], operands: Operands): boolean | null {
  let found: boolean | null = false
  for (const expression of list) {
    const equal = equalValues(operand, evaluate(expression, operands))
    if (equal === true) return true
    if (equal === null) found = null
  }
  return found
}

function like(operand: Value, pattern: Value): boolean | null {
  if (operand === null || operand === undefined || pattern === null || pattern === undefined) return null
  if (typeof operand !== 'string' || typeof pattern !== 'string') {
    throw new TypeMismatchError(`like compares text, not ${describe(operand)} with ${describe(pattern)}`)
  }
  return matchesLike(operand, pattern)
}

function concat(left: Value, right: Value): string | null {
  if (left === null || left === undefined || right === null || right === undefined) return null
  if (typeof left !== 'string' || typeof right !== 'string') {
    throw new TypeMismatchError(`|| joins text, not ${describe(left)} and ${describe(right)}`)
  }
  return left + right
}
