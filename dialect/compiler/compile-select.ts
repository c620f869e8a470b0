import type { FromNode, OperationNode, OrderByNode, SelectQueryNode } from 'kysely'
import type { Projection } from '../../engine/expressions/expression.js'
import type { Operation, QueryOperation, Reading } from '../../engine/operations.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'
import { compileDistinct, compileGroups, isAggregated } from './compile-groups.js'
import type { KeyBox } from './key-boxes.js'
import { lowerExpression } from './lower-expression.js'
import { lowerProjection } from './lower-projection.js'
import { lowerWindow } from './lower-window.js'
import { type KeyPlan, planKeys } from './plan-keys.js'
import { isConstant, planOrder } from './plan-order.js'
import { allowOnly } from './root-properties.js'
import { openScope } from './scope.js'
import type { NoOperation, PlainStatement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/**
 * A full key becomes a get, several a batch get, everything else a query over intervals; what is computed of many rows
 * becomes an aggregate.
 */
export function compileSelect(node: SelectQueryNode, schema: DatabaseSchema): PlainStatement {
  const { distinct, rest } = takeDistinct(node)
  allowOnly(rest, ['from', 'selections', 'where', 'orderBy', 'limit', 'offset', 'groupBy', 'having'])
  const scope = openScope(onlyTable(node.from), schema)
  if (isAggregated(node)) {
    if (distinct) throw new UnsupportedQueryError('distinct', { table: scope.table.name })
    return compileGroups(node, scope)
  }
  const { table, parameters } = scope
  const projection = lowerProjection(node.selections, scope)
  const condition = node.where === undefined ? undefined : lowerExpression(node.where.where, scope)
  const plan = planKeys(condition, table)
  if (distinct && !namesRows(projection, plan.boxes, table)) {
    return compileDistinct(node, scope, projection, condition, plan)
  }
  const order = planOrder(node.orderBy as OrderByNode | undefined, plan.boxes, projection, scope)
  const window = lowerWindow(node, scope)
  const reading = {
    ...(plan.filter === undefined ? undefined : { filter: plan.filter }),
    ...(projection === 'all' ? undefined : { projection }),
  }
  return { table, parameters, operation: chooseOperation(plan, reading, { order, ...reading, ...window }) }
}

function chooseOperation(
  { spans, keys }: KeyPlan,
  reading: Reading,
  several: Omit<QueryOperation, 'kind' | 'spans'>,
): Operation | NoOperation {
  if (spans.length === 0) return { kind: 'nothing', writes: false }
  if (keys === undefined) return { kind: 'query', spans, ...several }
  const [key] = keys
  if (key === undefined || keys.length > 1) return { kind: 'batchGet', keys, ...several }
  // Behind the only row there is none.
  return several.offset === undefined ? { kind: 'get', key, ...reading } : { kind: 'nothing', writes: false }
}

/** Whether different rows of a query are different as they are selected, so that none is left out. */
function namesRows(projection: Projection, boxes: readonly KeyBox[], table: TableSchema): boolean {
  if (projection === 'all') return true
  const selected = new Set(
    projection.map((column) => {
      if (column.kind === 'all') return '*'
      return column.value.kind === 'column' ? column.value.column : undefined
    }),
  )
  const open = [table.hashKey, ...table.sortKey].filter((column) => !isConstant(column, boxes))
  return selected.has('*') || open.every((column) => selected.has(column))
}

/** Says whether `distinct` is there, and gives the query without it. */
function takeDistinct(node: SelectQueryNode): { distinct: boolean; rest: SelectQueryNode } {
  const { frontModifiers = [], ...rest } = node
  const others = frontModifiers.filter(({ modifier }) => modifier !== 'Distinct')
  if (others.length === frontModifiers.length) return { distinct: false, rest: node }
  return { distinct: true, rest: others.length === 0 ? rest : { ...rest, frontModifiers: others } }
}

/** The one table that a statement reads. */
export function onlyTable(from: FromNode | undefined): OperationNode | undefined {
  if (from !== undefined && from.froms.length > 1) throw new UnsupportedQueryError('several_tables')
  return from?.froms[0]
}
