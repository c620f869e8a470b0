import type {
  FromNode,
  LimitNode,
  OperationNode,
  OrderByNode,
  RawNode,
  SelectQueryNode,
  ValueNode,
} from 'kysely'
import type { Operation, QueryOperation, Reading } from '../../engine/operations.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { lowerExpression, unwrapRaw } from './lower-expression.js'
import { lowerProjection } from './lower-projection.js'
import { type KeyPlan, planKeys } from './plan-keys.js'
import { planOrder } from './plan-order.js'
import { allowOnly } from './root-properties.js'
import { invalidStatement, openScope, type Scope } from './scope.js'
import type { NoOperation, PlainStatement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** A full key becomes a get, several a batch get, everything else a query over intervals. */
export function compileSelect(node: SelectQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, ['from', 'selections', 'where', 'orderBy', 'limit'])
  const scope = openScope(onlyTable(node.from), schema)
  const { table, parameters } = scope
  const projection = lowerProjection(node.selections, scope)
  const condition = node.where === undefined ? undefined : lowerExpression(node.where.where, scope)
  const plan = planKeys(condition, table)
  const order = planOrder(node.orderBy as OrderByNode | undefined, plan.boxes, projection, scope)
  const limit = readLimit(node.limit, scope)
  const reading = {
    ...(plan.filter === undefined ? undefined : { filter: plan.filter }),
    ...(projection === 'all' ? undefined : { projection }),
  }
  const several = { order, ...reading, ...(limit === undefined ? undefined : { limit }) }
  return { table, parameters, operation: chooseOperation(plan, reading, several) }
}

function chooseOperation(
  { spans, keys }: KeyPlan,
  reading: Reading,
  several: Omit<QueryOperation, 'kind' | 'spans'>,
): Operation | NoOperation {
  if (spans.length === 0) return { kind: 'nothing', writes: false }
  if (keys === undefined) return { kind: 'query', spans, ...several }
  const [key] = keys
  return key === undefined || keys.length > 1
    ? { kind: 'batchGet', keys, ...several }
    : { kind: 'get', key, ...reading }
}

/** The one table that a statement reads. */
export function onlyTable(from: FromNode | undefined): OperationNode | undefined {
  if (from !== undefined && from.froms.length > 1) throw new UnsupportedQueryError('several_tables')
  return from?.froms[0]
}

function readLimit(node: LimitNode | undefined, scope: Scope): number | undefined {
  if (node === undefined) return undefined
  const inner = node.limit.kind === 'RawNode' ? unwrapRaw(node.limit as RawNode) : node.limit
  if (inner.kind !== 'ValueNode') throw new UnsupportedQueryError('raw_sql')
  const { value } = inner as ValueNode
  const limit = typeof value === 'bigint' ? Number(value) : value
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) {
    throw invalidStatement(scope, `a limit is a whole number of at least 1, not ${String(value)}`)
  }
  scope.parameters.push(value)
  return limit
}
