import type { CaseNode, CastNode, DataTypeNode, FunctionNode, OperationNode, RawNode } from 'kysely'
import type { CastType, Expression, ScalarFunction } from '../../engine/expressions/expression.js'
import { isAggregateName, lowerAggregate } from './lower-aggregate.js'
import { lowerExpression } from './lower-expression.js'
import type { Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** What functions are called in SQL, with the least and the greatest number of their arguments. */
const FUNCTIONS: {
  readonly [name: string]: readonly [name: ScalarFunction, least: number, most: number] | undefined
} = {
  lower: ['lower', 1, 1],
  upper: ['upper', 1, 1],
  length: ['length', 1, 1],
  abs: ['abs', 1, 1],
  round: ['round', 1, 2],
  concat: ['concat', 1, Number.POSITIVE_INFINITY],
  coalesce: ['coalesce', 2, Number.POSITIVE_INFINITY],
  ifnull: ['coalesce', 2, 2],
  nullif: ['nullif', 2, 2],
  trim: ['trim', 1, 2],
  ltrim: ['ltrim', 1, 2],
  rtrim: ['rtrim', 1, 2],
  substr: ['substr', 2, 3],
  substring: ['substr', 2, 3],
}

/** What types are called in SQL: the names whose meaning is the same in SQLite and elsewhere. */
const CASTS: { readonly [name: string]: CastType | undefined } = {
  text: 'text',
  char: 'text',
  varchar: 'text',
  integer: 'integer',
  int2: 'integer',
  int4: 'integer',
  smallint: 'integer',
  int8: 'bigint',
  bigint: 'bigint',
  real: 'real',
  float4: 'real',
  float8: 'real',
  'double precision': 'real',
}

/** A function of columns and values. One that is called like an aggregate is one. */
export function lowerFunction(node: FunctionNode, scope: Scope): Expression {
  const name = node.func.toLowerCase()
  if (isAggregateName(name) && node.arguments.length <= 1) {
    return lowerAggregate({ kind: 'AggregateFunctionNode', func: name, aggregated: node.arguments }, scope)
  }
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  const { length } = node.arguments
  if (known === undefined || length < known[1] || length > known[2]) {
    throw new UnsupportedQueryError('function', { function: node.func })
  }
  const operands = node.arguments.map((argument) => lowerExpression(argument, scope))
  return { kind: 'call', function: known[0], operands }
}

/** `case x when y` is `case when x = y`. */
export function lowerCase({ value, when = [], else: otherwise }: CaseNode, scope: Scope): Expression {
  const compared = value === undefined ? undefined : lowerExpression(value, scope)
  const branches = when.map(({ condition, result }) => {
    const right = lowerExpression(condition, scope)
    if (result === undefined) throw new UnsupportedQueryError('unknown_node', { kind: 'case without then' })
    return {
      when:
        compared === undefined ? right : ({ kind: 'compare', operator: '=', left: compared, right } as const),
      value: lowerExpression(result, scope),
    }
  })
  return {
    kind: 'case',
    branches,
    ...(otherwise === undefined ? undefined : { otherwise: lowerExpression(otherwise, scope) }),
  }
}

/** @throws {UnsupportedQueryError} for a type that means something else elsewhere, or nothing. */
export function lowerCast({ expression, dataType }: CastNode, scope: Scope): Expression {
  const type = typeName(dataType)
  const to = Object.hasOwn(CASTS, type) ? CASTS[type] : undefined
  if (to === undefined) throw new UnsupportedQueryError('cast', { type })
  return { kind: 'cast', operand: lowerExpression(expression, scope), to }
}

/** Raw SQL that is a name and nothing else is a type: people write their database's own so. */
function typeName(node: OperationNode): string {
  if (node.kind === 'DataTypeNode') return (node as DataTypeNode).dataType
  const { sqlFragments = [], parameters = [] } = node as RawNode
  if (node.kind !== 'RawNode' || parameters.length > 0) throw new UnsupportedQueryError('raw_sql')
  return sqlFragments.join('').trim().toLowerCase()
}
