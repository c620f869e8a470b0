import type { AggregateFunctionNode, OperationNode, ReferenceNode, SelectionNode } from 'kysely'
import type { Aggregate } from '../../engine/aggregates/aggregation.js'
import type { Expression } from '../../engine/expressions/expression.js'
import { isKeyColumn } from '../schema/table-schema.js'
import { lowerExpression } from './lower-expression.js'
import { resolveTable, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

const AGGREGATES: readonly string[] = ['count', 'sum', 'avg', 'min', 'max'] satisfies Aggregate['function'][]

/** Whether a function of this name computes one value of many rows. */
export function isAggregateName(name: string): name is Aggregate['function'] {
  return AGGREGATES.includes(name)
}

/** Whether a node has an aggregate anywhere in it. */
export function hasAggregate(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (Array.isArray(node)) return node.some(hasAggregate)
  const { kind, func } = node as Partial<OperationNode & { func: string }>
  if (kind === 'AggregateFunctionNode') return true
  if (kind === 'FunctionNode' && isAggregateName(String(func).toLowerCase())) return true
  // What values hold is not the query's.
  if (kind === 'ValueNode' || kind === 'PrimitiveValueListNode' || kind === 'ReferenceNode') return false
  return Object.values(node).some(hasAggregate)
}

/**
 * What is computed of the rows of a group: it is added to what the query computes, and read by its name.
 *
 * @throws {UnsupportedQueryError} where there are no groups, and for what is not computed here.
 */
export function lowerAggregate(node: AggregateFunctionNode, scope: Scope): Expression {
  const { grouping, ...ofRows } = scope
  if (grouping === undefined) throw new UnsupportedQueryError('aggregate')
  const name = node.func.toLowerCase()
  const { over, orderBy, withinGroup, distinct = false, aggregated, filter } = node
  const plain = over === undefined && orderBy === undefined && withinGroup === undefined
  if (!isAggregateName(name) || !plain || aggregated.length > 1 || (distinct && name !== 'count')) {
    throw new UnsupportedQueryError('aggregate_function', { function: node.func })
  }
  const [operand] = aggregated
  const countsAll = operand === undefined || isAll(operand, scope)
  if (countsAll && (name !== 'count' || distinct)) {
    throw new UnsupportedQueryError('aggregate_function', { function: `${node.func}(*)` })
  }
  const value = countsAll ? undefined : lowerExpression(operand, ofRows)
  const { table } = scope
  if (distinct && (value?.kind !== 'column' || !isKeyColumn(table, value.column))) {
    throw new UnsupportedQueryError('count_distinct', { table: table.name })
  }
  // No column has such a name: it begins with a character that nobody writes.
  const result = `\u0000${grouping.aggregates.length}`
  grouping.aggregates.push({
    name: result,
    function: name,
    ...(value === undefined ? undefined : { operand: value }),
    ...(distinct ? { distinct } : undefined),
    ...(filter === undefined ? undefined : { filter: lowerExpression(filter.where, ofRows) }),
  })
  return { kind: 'column', column: result }
}

/** `count(*)` and `count(t.*)`. */
function isAll(node: OperationNode, scope: Scope): boolean {
  if (node.kind === 'SelectionNode') return isAll((node as SelectionNode).selection, scope)
  if (node.kind === 'SelectAllNode') return true
  if (node.kind !== 'ReferenceNode' || (node as ReferenceNode).column.kind !== 'SelectAllNode') return false
  resolveTable((node as ReferenceNode).table, scope)
  return true
}
