import type {
  IdentifierNode,
  OperationNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  ReferenceNode,
} from 'kysely'
import type { Expression, ProjectedColumn, Projection } from '../../engine/expressions/expression.js'
import type { Direction, Order } from '../../engine/operations.js'
import { isKeyColumn, type TableSchema } from '../schema/table-schema.js'
import type { KeyBox } from './key-boxes.js'
import { isOneValue } from './key-boxes.js'
import { unwrapRaw } from './lower-expression.js'
import { resolveColumn, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

interface OrderItem {
  readonly column: string
  readonly direction: Direction
}

const DEFAULT_ORDER: Order = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' }

/**
 * Finds the order of keys that gives the order that was asked for: rows are stored by sort key, so no other
 * can be had. A column that is the same in all rows orders nothing and is left out.
 *
 * @throws {UnsupportedQueryError} when there is none.
 */
export function planOrder(
  node: OrderByNode | undefined,
  boxes: readonly KeyBox[],
  projection: Projection,
  scope: Scope,
): Order {
  if (node === undefined) return DEFAULT_ORDER
  const { table } = scope
  const items = node.items
    .map((item) => readItem(item as OrderByItemNode, projection, scope))
    .filter(({ column }) => !isConstant(column, boxes))
  const hashAt = items.findIndex(({ column }) => column === table.hashKey)
  const sortItems = items.filter(({ column }) => column !== table.hashKey)
  const sortKey = checkSortItems(sortItems, boxes, table)
  if (hashAt > 0 && hashAt < items.length - 1) throw gap(table, table.hashKey)
  // Between two rows that differ in a sort key column that is not named, the hash key would come too late.
  if (hashAt > 0 && sortItems.length < openSortColumns(boxes, table).length) throw gap(table, table.hashKey)
  const hashFirst = hashAt === 0 || sortItems.length === 0 || isConstant(table.hashKey, boxes)
  return {
    first: hashFirst ? 'hashKey' : 'sortKey',
    hashKey: items[hashAt]?.direction ?? 'ascending',
    sortKey,
  }
}

/** The named columns must be the first of those that differ between rows, in one direction. */
function checkSortItems(
  items: readonly OrderItem[],
  boxes: readonly KeyBox[],
  table: TableSchema,
): Direction {
  const open = openSortColumns(boxes, table)
  items.forEach(({ column }, place) => {
    if (column !== open[place]) throw gap(table, column)
  })
  const direction = items[0]?.direction ?? 'ascending'
  if (items.some((item) => item.direction !== direction)) {
    throw new UnsupportedQueryError('order_by_mixed', { table: table.name })
  }
  return direction
}

function openSortColumns(boxes: readonly KeyBox[], table: TableSchema): string[] {
  return table.sortKey.filter((column) => !isConstant(column, boxes))
}

/** Whether all rows that a query visits have one value in a key column. */
export function isConstant(column: string, boxes: readonly KeyBox[]): boolean {
  const first = boxes[0]?.get(column)
  if (first === undefined || !isOneValue(first)) return boxes.length === 0
  return boxes.every((box) => {
    const other = box.get(column)
    return other !== undefined && other.from.join() === first.from.join() && isOneValue(other)
  })
}

function gap(table: TableSchema, column: string): UnsupportedQueryError {
  return new UnsupportedQueryError('order_by_gap', { table: table.name, column })
}

function readItem(item: OrderByItemNode, projection: Projection, scope: Scope): OrderItem {
  if (item.nulls !== undefined || item.collation !== undefined)
    throw new UnsupportedQueryError('order_by_expression')
  const column = orderedColumn(item.orderBy, projection, scope)
  if (!isKeyColumn(scope.table, column)) {
    throw new UnsupportedQueryError('order_by_non_key', { table: scope.table.name, column })
  }
  return { column, direction: readDirection(item.direction) }
}

/** The name of a selected column stands for what it selects, before any column of the table. */
function orderedColumn(node: OperationNode, projection: Projection, scope: Scope): string {
  const inner = node.kind === 'RawNode' ? unwrapRaw(node as RawNode) : node
  if (inner.kind !== 'ReferenceNode') throw new UnsupportedQueryError('order_by_expression')
  const { table } = inner as ReferenceNode
  const { column } = resolveColumn(inner as ReferenceNode, scope)
  if (table !== undefined || projection === 'all') return column
  const selected = selectedAs(column, projection)
  if (selected === undefined) return column
  if (selected.kind !== 'column') throw new UnsupportedQueryError('order_by_expression')
  return selected.column
}

/** What a select calls by a name. */
export function selectedAs(name: string, projection: Exclude<Projection, 'all'>): Expression | undefined {
  return projection.findLast(
    (candidate): candidate is ProjectedColumn & { kind: 'as' } =>
      candidate.kind === 'as' && candidate.name === name,
  )?.value
}

/** Kysely writes the direction as raw SQL. */
export function readDirection(node: OperationNode | undefined): Direction {
  if (node === undefined) return 'ascending'
  const { sqlFragments, parameters } = node as RawNode
  const text = sqlFragments === undefined ? (node as IdentifierNode).name : sqlFragments.join('')
  if (parameters !== undefined && parameters.length > 0) throw new UnsupportedQueryError('raw_sql')
  if (text === 'asc') return 'ascending'
  if (text === 'desc') return 'descending'
  throw new UnsupportedQueryError('raw_sql')
}
