import type {
  AggregateFunctionNode,
  AndNode,
  BinaryOperationNode,
  CaseNode,
  CastNode,
  FunctionNode,
  JSONReferenceNode,
  OperationNode,
  OperatorNode,
  OrNode,
  ParensNode,
  PrimitiveValueListNode,
  RawNode,
  ReferenceNode,
  TupleNode,
  UnaryOperationNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
} from '../../engine/expressions/expression.js'
import { checkValue } from '../../engine/values/check-value.js'
import type { Value } from '../../engine/values/value.js'
import { lowerAggregate } from './lower-aggregate.js'
import { lowerCase, lowerCast, lowerFunction } from './lower-function.js'
import { lowerPath } from './lower-path.js'
import { invalidStatement, resolveColumn, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

const COMPARISONS: { readonly [operator: string]: ComparisonOperator } = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

/** Operators that are `not` of another. */
const NEGATED: { readonly [operator: string]: 'in' | 'like' | 'is' } = {
  'not in': 'in',
  'not like': 'like',
  'is not': 'is',
  'is distinct from': 'is',
}

const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%']

const TUPLES = 'a tuple compares with a tuple of as many parts'

/** The node kinds that become something one day, with the refusal that says so. */
const REFUSED_NODES = {
  SelectQueryNode: 'subquery',
  RawNode: 'raw_sql',
} as const

/**
 * Turns an operand or a condition into what the engine evaluates.
 *
 * @throws {UnsupportedQueryError} for every node that is not listed here.
 */
export function lowerExpression(node: OperationNode, scope: Scope): Expression {
  switch (node.kind) {
    case 'ParensNode':
      return lowerExpression((node as ParensNode).node, scope)
    case 'AndNode':
    case 'OrNode':
      return junction(
        node.kind === 'AndNode' ? 'and' : 'or',
        operandsOf(node).map((operand) => lowerExpression(operand, scope)),
      )
    case 'ReferenceNode': {
      const { column, excluded } = resolveColumn(node as ReferenceNode, scope)
      return excluded ? { kind: 'column', column, of: 'proposed' } : { kind: 'column', column }
    }
    case 'ValueNode': {
      const { value, immediate } = node as ValueNode
      return lowerValue(value, scope, immediate === true)
    }
    case 'PrimitiveValueListNode':
      // A list where one value is wanted is one value: an array.
      return lowerValue((node as PrimitiveValueListNode).values, scope, false)
    case 'UnaryOperationNode':
      return lowerUnary(node as UnaryOperationNode, scope)
    case 'BinaryOperationNode':
      return lowerBinary(node as BinaryOperationNode, scope)
    case 'JSONReferenceNode':
      return lowerPath(node as JSONReferenceNode, scope)
    case 'RawNode':
      return lowerExpression(unwrapRaw(node as RawNode), scope)
    case 'AggregateFunctionNode':
      return lowerAggregate(node as AggregateFunctionNode, scope)
    case 'FunctionNode':
      return lowerFunction(node as FunctionNode, scope)
    case 'CaseNode':
      return lowerCase(node as CaseNode, scope)
    case 'CastNode':
      return lowerCast(node as CastNode, scope)
    default:
      throw refusedNode(node)
  }
}

/** What a run of `and` or `or` joins. Kysely nests them to the left, as deep as there are conditions. */
function operandsOf(node: OperationNode): OperationNode[] {
  const operands: OperationNode[] = []
  let rest = node
  while (rest.kind === node.kind) {
    const { left, right } = rest as AndNode | OrNode
    operands.push(right)
    rest = left
  }
  return [...operands, rest].reverse()
}

/**
 * The node inside raw SQL that is nothing but this node: what `sql.ref`, `sql.val` and `sql.lit` make.
 *
 * @throws {UnsupportedQueryError} for any other raw SQL.
 */
export function unwrapRaw({ sqlFragments, parameters }: RawNode): OperationNode {
  const [inner] = parameters
  if (inner === undefined || parameters.length > 1 || sqlFragments.some((fragment) => fragment !== '')) {
    throw new UnsupportedQueryError('raw_sql')
  }
  return inner
}

function refusedNode(node: OperationNode): UnsupportedQueryError {
  const code = REFUSED_NODES[node.kind as keyof typeof REFUSED_NODES] ?? 'unknown_node'
  return new UnsupportedQueryError(code, { kind: node.kind })
}

function lowerValue(value: unknown, scope: Scope, immediate: boolean): Expression {
  const { table, last } = scope
  if (value === undefined) {
    throw invalidStatement(scope, `the value for ${last.column} is undefined: leave it out, or write null`)
  }
  checkValue(value, `${table.name}.${last.column}`)
  if (!immediate) scope.parameters.push(value)
  return { kind: 'value', value: value as Value }
}

function lowerUnary({ operator, operand }: UnaryOperationNode, scope: Scope): Expression {
  switch (operatorText(operator)) {
    case 'not':
      return not(lowerExpression(operand, scope))
    case '-':
      return { kind: 'negate', operand: lowerExpression(operand, scope) }
    case 'exists':
    case 'not exists':
      throw new UnsupportedQueryError('subquery')
    default:
      throw new UnsupportedQueryError('operator', { operator: operatorText(operator) })
  }
}

function lowerBinary(node: BinaryOperationNode, scope: Scope): Expression {
  const operator = operatorText(node.operator)
  const { leftOperand, rightOperand } = node
  const comparison = COMPARISONS[operator]
  if (comparison !== undefined) return lowerComparison(comparison, leftOperand, rightOperand, scope)
  const negated = NEGATED[operator]
  if (negated !== undefined) {
    const positive: OperatorNode = { kind: 'OperatorNode', operator: negated }
    return not(lowerBinary({ ...node, operator: positive }, scope))
  }
  if (operator === 'in') return lowerIn(leftOperand, rightOperand, scope)
  if (operator === 'between') return lowerBetween(leftOperand, rightOperand, scope)
  const left = lowerExpression(leftOperand, scope)
  const right = lowerExpression(rightOperand, scope)
  if (ARITHMETIC.includes(operator)) {
    return { kind: 'arithmetic', operator: operator as ArithmeticOperator, left, right }
  }
  switch (operator) {
    case 'is':
    case 'is not distinct from':
      return { kind: 'identical', left, right }
    case 'like':
      return { kind: 'like', operand: left, pattern: right }
    case '||':
      return { kind: 'concat', left, right }
    default:
      throw new UnsupportedQueryError('operator', { operator })
  }
}

function lowerComparison(
  operator: ComparisonOperator,
  left: OperationNode,
  right: OperationNode,
  scope: Scope,
): Expression {
  const leftTuple = tupleValues(left)
  const rightTuple = tupleValues(right)
  if (leftTuple === undefined && rightTuple === undefined) {
    return {
      kind: 'compare',
      operator,
      left: lowerExpression(left, scope),
      right: lowerExpression(right, scope),
    }
  }
  if (leftTuple === undefined || rightTuple === undefined || leftTuple.length !== rightTuple.length) {
    throw invalidStatement(scope, TUPLES)
  }
  return compareTuples(
    operator,
    leftTuple.map((part) => lowerExpression(part, scope)),
    rightTuple.map((part) => lowerExpression(part, scope)),
  )
}

function compareTuples(
  operator: ComparisonOperator,
  left: readonly Expression[],
  right: readonly Expression[],
): Expression {
  if (operator !== '=' && operator !== '!=') return { kind: 'compareTuples', operator, left, right }
  const parts = left.map(
    (part, i): Expression => ({ kind: 'compare', operator, left: part, right: right[i] as Expression }),
  )
  return junction(operator === '=' ? 'and' : 'or', parts)
}

function lowerIn(left: OperationNode, right: OperationNode, scope: Scope): Expression {
  const members = listMembers(right, scope)
  const tuple = tupleValues(left)
  if (tuple === undefined) {
    return {
      kind: 'in',
      operand: lowerExpression(left, scope),
      list: members.map((member) => lowerExpression(member, scope)),
    }
  }
  const operands = tuple.map((part) => lowerExpression(part, scope))
  // A list of one stays a list, so that what a query becomes does not depend on how many there are.
  return {
    kind: 'or',
    operands: members.map((member) => {
      const values = tupleValues(member)
      if (values?.length !== operands.length) {
        throw invalidStatement(scope, TUPLES)
      }
      return compareTuples(
        '=',
        operands,
        values.map((part) => lowerExpression(part, scope)),
      )
    }),
  }
}

function listMembers(node: OperationNode, scope: Scope): readonly OperationNode[] {
  switch (node.kind) {
    case 'PrimitiveValueListNode':
      return (node as PrimitiveValueListNode).values.map(
        (value) => ({ kind: 'ValueNode', value }) as ValueNode,
      )
    case 'ValueListNode':
      return (node as ValueListNode).values
    case 'ParensNode':
      return listMembers((node as ParensNode).node, scope)
    case 'SelectQueryNode':
      throw new UnsupportedQueryError('subquery')
    case 'RawNode':
      throw new UnsupportedQueryError('raw_sql')
    default:
      throw invalidStatement(scope, 'in compares with a list')
  }
}

/** Kysely puts both bounds into an AndNode that is no conjunction. */
function lowerBetween(left: OperationNode, right: OperationNode, scope: Scope): Expression {
  if (right.kind !== 'AndNode') throw refusedNode(right)
  const { left: least, right: most } = right as AndNode
  const operand = lowerExpression(left, scope)
  return junction('and', [
    { kind: 'compare', operator: '>=', left: operand, right: lowerExpression(least, scope) },
    { kind: 'compare', operator: '<=', left: operand, right: lowerExpression(most, scope) },
  ])
}

function tupleValues(node: OperationNode): readonly OperationNode[] | undefined {
  if (node.kind === 'ParensNode') return tupleValues((node as ParensNode).node)
  return node.kind === 'TupleNode' ? (node as TupleNode).values : undefined
}

function operatorText(node: OperationNode): string {
  if (node.kind === 'OperatorNode') return (node as OperatorNode).operator
  throw new UnsupportedQueryError('raw_sql')
}

function not(operand: Expression): Expression {
  return { kind: 'not', operand }
}

/** Joins conditions; those that are joined in the same way already become one list. */
function junction(kind: 'and' | 'or', operands: readonly Expression[]): Expression {
  if (operands.length === 1) return operands[0] as Expression
  return {
    kind,
    operands: operands.flatMap((operand) => (operand.kind === kind ? operand.operands : [operand])),
  }
}
