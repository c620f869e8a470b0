import type {
  GroupByNode,
  OperationNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  ReferenceNode,
  SelectQueryNode,
} from 'kysely'
import type { GroupColumn } from '../../engine/aggregates/aggregation.js'
import type { GroupOrder } from '../../engine/aggregates/answer-groups.js'
import type { Expression, Projection } from '../../engine/expressions/expression.js'
import { equalValues } from '../../engine/values/compare-values.js'
import { isKeyColumn, type TableSchema } from '../schema/table-schema.js'
import { hasAggregate } from './lower-aggregate.js'
import { lowerExpression, unwrapRaw } from './lower-expression.js'
import { lowerProjection } from './lower-projection.js'
import { lowerWindow } from './lower-window.js'
import { type KeyPlan, planKeys } from './plan-keys.js'
import { isConstant, readDirection, selectedAs } from './plan-order.js'
import { type Grouping, resolveColumn, type Scope } from './scope.js'
import type { PlainStatement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** Whether a select answers groups of rows and not rows. */
export function isAggregated({ groupBy, having, selections }: SelectQueryNode): boolean {
  return groupBy !== undefined || having !== undefined || hasAggregate(selections)
}

/**
 * A select that groups rows, or computes something of all of them.
 *
 * @throws {UnsupportedQueryError} when rows of several hash keys would come into one group, and for groups that do not
 * lie together in the order of the sort key.
 */
export function compileGroups(node: SelectQueryNode, scope: Scope): PlainStatement {
  const columns = groupColumns(node.groupBy as GroupByNode | undefined, scope)
  const grouping: Grouping = { columns: new Set(columns), aggregates: [] }
  const ofGroups: Scope = { ...scope, grouping }
  const projection = lowerProjection(node.selections, ofGroups)
  const condition = node.where === undefined ? undefined : lowerExpression(node.where.where, scope)
  const plan = planKeys(condition, scope.table)
  checkColumns(columns, plan, scope.table)
  checkHashKeys(columns, condition, scope.table)
  const having = node.having === undefined ? undefined : lowerExpression(node.having.having, ofGroups)
  const filter = having === undefined ? undefined : { having }
  return groupStatement(node, ofGroups, { plan, columns, projection, filter })
}

/**
 * A select of key columns without those rows that are as another one is.
 *
 * @throws {UnsupportedQueryError} when it selects anything else.
 */
export function compileDistinct(
  node: SelectQueryNode,
  scope: Scope,
  projection: Projection,
  condition: Expression | undefined,
  plan: KeyPlan,
): PlainStatement {
  const { table } = scope
  const columns = (projection === 'all' ? [] : projection).map((selected) => {
    const column = selected.kind === 'as' && selected.value.kind === 'column' ? selected.value.column : ''
    if (!isKeyColumn(table, column)) throw new UnsupportedQueryError('distinct', { table: table.name })
    return column
  })
  checkHashKeys(columns, condition, table)
  const grouping: Grouping = { columns: new Set(columns), aggregates: [] }
  return groupStatement(node, { ...scope, grouping }, { plan, columns: [...grouping.columns], projection })
}

interface Grouped {
  readonly plan: KeyPlan
  readonly columns: readonly string[]
  readonly projection: Projection
  readonly filter?: { readonly having: Expression } | undefined
}

function groupStatement(
  node: SelectQueryNode,
  scope: Scope,
  { plan, columns, projection, filter }: Grouped,
): PlainStatement {
  const { table, parameters, grouping } = scope
  if (projection === 'all' || projection.some(({ kind }) => kind === 'all')) {
    throw new UnsupportedQueryError('not_grouped', { column: '*' })
  }
  const orderBy = lowerOrder(node.orderBy as OrderByNode | undefined, projection, scope)
  const window = lowerWindow(node, scope)
  return {
    table,
    parameters,
    operation: {
      kind: 'aggregate',
      spans: plan.spans,
      ...(plan.filter === undefined ? undefined : { filter: plan.filter }),
      groups: columns.map((name): GroupColumn => ({ name, value: { kind: 'column', column: name } })),
      aggregates: grouping?.aggregates ?? [],
      projection,
      ...filter,
      ...(orderBy.length === 0 ? undefined : { orderBy }),
      ...window,
    },
  }
}

function groupColumns(node: GroupByNode | undefined, scope: Scope): string[] {
  const columns = (node?.items ?? []).map(({ groupBy }) => {
    const inner = groupBy.kind === 'RawNode' ? unwrapRaw(groupBy as RawNode) : groupBy
    if (inner.kind === 'ReferenceNode') return resolveColumn(inner as ReferenceNode, scope).column
    throw new UnsupportedQueryError('group_by_non_key', { table: scope.table.name, column: inner.kind })
  })
  return [...new Set(columns)]
}

/** The rows of a group must lie together: beside the hash key, the first columns that differ between rows. */
function checkColumns(columns: readonly string[], { boxes }: KeyPlan, table: TableSchema): void {
  const open = table.sortKey.filter((column) => !isConstant(column, boxes))
  const named = columns.filter((column) => column !== table.hashKey && !isConstant(column, boxes))
  const next = new Set(open.slice(0, named.length))
  const wrong =
    columns.find((column) => !isKeyColumn(table, column)) ?? named.find((column) => !next.has(column))
  if (wrong === undefined) return
  throw new UnsupportedQueryError('group_by_non_key', { table: table.name, column: wrong })
}

/**
 * Whether there is one hash key is asked of how the query is written, not of the values: a list of one value today may
 * have two tomorrow.
 */
function checkHashKeys(
  columns: readonly string[],
  condition: Expression | undefined,
  { name, hashKey }: TableSchema,
): void {
  const conjuncts = condition?.kind === 'and' ? condition.operands : [condition]
  if (columns.includes(hashKey) || conjuncts.some((conjunct) => bindsOne(conjunct, hashKey))) return
  throw new UnsupportedQueryError('aggregate_over_several', { table: name, column: hashKey })
}

function bindsOne(condition: Expression | undefined, hashKey: string): boolean {
  if (condition?.kind === 'compare' && condition.operator !== '=') return false
  if (condition?.kind !== 'compare' && condition?.kind !== 'identical') return isNever(condition)
  const { left, right } = condition
  const isHashKey = (side: Expression) => side.kind === 'column' && side.column === hashKey
  return (
    (isHashKey(left) && right.kind === 'value') ||
    (isHashKey(right) && left.kind === 'value') ||
    isNever(condition)
  )
}

/** `1 = 0`, which is written for an empty list: there are no rows of any hash key. */
function isNever(condition: Expression | undefined): boolean {
  if (condition?.kind !== 'compare' || condition.operator !== '=') return false
  const { left, right } = condition
  return left.kind === 'value' && right.kind === 'value' && equalValues(left.value, right.value) === false
}

function lowerOrder(
  node: OrderByNode | undefined,
  projection: Exclude<Projection, 'all'>,
  scope: Scope,
): GroupOrder[] {
  return ((node?.items ?? []) as readonly OrderByItemNode[]).map((item) => {
    if (item.nulls !== undefined || item.collation !== undefined) {
      throw new UnsupportedQueryError('order_by_expression')
    }
    return { value: orderedBy(item.orderBy, projection, scope), direction: readDirection(item.direction) }
  })
}

/** The name of a selected result stands for what it selects, before any column. */
function orderedBy(node: OperationNode, projection: Exclude<Projection, 'all'>, scope: Scope): Expression {
  const inner = node.kind === 'RawNode' ? unwrapRaw(node as RawNode) : node
  if (inner.kind === 'ReferenceNode' && (inner as ReferenceNode).table === undefined) {
    // Not resolved: an alias need be no column that groups have.
    const { column } = resolveColumn(inner as ReferenceNode, ungrouped(scope))
    const selected = selectedAs(column, projection)
    if (selected !== undefined) return selected
  }
  const ordered = lowerExpression(inner, scope)
  // In SQL, a number that is written there means a column by its place.
  if (ordered.kind === 'value') throw new UnsupportedQueryError('order_by_expression')
  return ordered
}

function ungrouped({ grouping: _, ...scope }: Scope): Scope {
  return scope
}
