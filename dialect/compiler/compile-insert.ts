import type {
  ColumnNode,
  ColumnUpdateNode,
  InsertQueryNode,
  OnConflictNode,
  OperationNode,
  PrimitiveValueListNode,
  RawNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import type { Change, UpdateExisting } from '../../engine/operations.js'
import { encodeItem } from '../../engine/values/item-text.js'
import type { Item, Value } from '../../engine/values/value.js'
import { type DatabaseSchema, expiring, type TableSchema } from '../schema/table-schema.js'
import { validateRow } from '../schema/validate-row.js'
import { checkDefaultKey, fillDefaults } from './fill-defaults.js'
import { lowerAssignments } from './lower-assignments.js'
import { lowerExpression, unwrapRaw } from './lower-expression.js'
import { lowerReturning } from './lower-projection.js'
import { allowOnly } from './root-properties.js'
import { rowKey } from './row-key.js'
import { invalidStatement, openScope, type Scope } from './scope.js'
import type { PlainStatement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

type OnExisting = 'error' | 'ignore' | 'replace' | UpdateExisting

/** Every row becomes a change of its own; all of a statement happen together. */
export function compileInsert(node: InsertQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, [
    'into',
    'columns',
    'values',
    'defaultValues',
    'onConflict',
    'orAction',
    'replace',
    'returning',
  ])
  const scope = openScope(node.into, schema)
  const { table, parameters } = scope
  const rows = readRows(node, scope)
  if (rows.length === 0) throw invalidStatement(scope, 'an insert has at least one row')
  const onExisting = readOnExisting(node, scope)
  const changes = rows.map((given): Change => {
    const row = fillDefaults(given, table)
    const key = rowKey(row, table)
    const item = encodeItem(row, table.name)
    validateRow(row, table)
    const written = { key, item, ...expiring(table) }
    return onExisting === 'replace' ? { kind: 'put', ...written } : { kind: 'insert', ...written, onExisting }
  })
  return {
    table,
    parameters,
    operation: { kind: 'write', changes, ...lowerReturning(node.returning, scope) },
  }
}

function readRows({ columns = [], values, defaultValues }: InsertQueryNode, scope: Scope): Item[] {
  if (defaultValues === true) {
    checkDefaultKey(scope.table)
    return [{}]
  }
  if (values === undefined) return []
  if (values.kind === 'SelectQueryNode') throw new UnsupportedQueryError('insert_select')
  if (values.kind === 'RawNode') throw new UnsupportedQueryError('raw_sql')
  if (values.kind !== 'ValuesNode') throw new UnsupportedQueryError('unknown_node', { kind: values.kind })
  return (values as ValuesNode).values.map((list) => readRow(columns, list, scope))
}

/** A column without a value is left out of the row, as if the row had been inserted by itself. */
function readRow(
  columns: readonly ColumnNode[],
  list: PrimitiveValueListNode | ValueListNode,
  scope: Scope,
): Item {
  // Without a prototype, a column named __proto__ is a column and can be refused as one.
  const row: Record<string, Value> = Object.create(null)
  if (
    list.values.length !== columns.length ||
    new Set(columns.map(({ column }) => column.name)).size < columns.length
  ) {
    throw invalidStatement(
      scope,
      `${list.values.length} values for ${columns.length} columns, or one column twice`,
    )
  }
  columns.forEach(({ column: { name } }, i) => {
    const value = list.kind === 'PrimitiveValueListNode' ? list.values[i] : constant(list.values[i], name)
    if (value === undefined) return
    row[name] = value as Value
    scope.parameters.push(value)
  })
  return row
}

function constant(node: OperationNode | undefined, column: string): unknown {
  switch (node?.kind) {
    case 'DefaultInsertValueNode':
      return undefined
    case 'ValueNode':
      return (node as ValueNode).value
    case 'PrimitiveValueListNode':
      return (node as PrimitiveValueListNode).values
    case 'RawNode':
      return constant(unwrapRaw(node as RawNode), column)
    case 'SelectQueryNode':
      throw new UnsupportedQueryError('subquery')
    default:
      throw new UnsupportedQueryError('insert_expression', { column })
  }
}

function readOnExisting({ replace, orAction, onConflict }: InsertQueryNode, scope: Scope): OnExisting {
  const action = replace === true ? 'replace' : orAction?.action
  if (action !== undefined && action !== 'abort') {
    const alone = onConflict === undefined && (replace !== true || orAction === undefined)
    if (alone && (action === 'replace' || action === 'ignore')) return action
    throw new UnsupportedQueryError('or_action', {
      action: alone ? action : `${action} beside another action`,
    })
  }
  return onConflict === undefined ? 'error' : readOnConflict(onConflict, scope)
}

function readOnConflict(node: OnConflictNode, scope: Scope): OnExisting {
  const { table } = scope
  if (!isKey(node, table)) {
    const columns = [table.hashKey, ...table.sortKey].map((column) => `'${column}'`).join(', ')
    throw new UnsupportedQueryError('conflict_target', { table: table.name, columns })
  }
  if (node.doNothing === true) return 'ignore'
  const updating = { ...scope, hasExcluded: true }
  const assignments = lowerAssignments((node.updates ?? []) as readonly ColumnUpdateNode[], updating)
  const update = { assignments, ...expiring(table) }
  if (node.updateWhere === undefined) return update
  return { ...update, condition: lowerExpression(node.updateWhere.where, updating) }
}

/** Whether the conflict is on the key: its columns in any order, or nothing at all. */
function isKey(node: OnConflictNode, table: TableSchema): boolean {
  if (node.constraint !== undefined || node.indexExpression !== undefined || node.indexWhere !== undefined)
    return false
  if (node.columns === undefined || node.columns.length === 0) return true
  const named = new Set(node.columns.map(({ column }) => column.name))
  const key = [table.hashKey, ...table.sortKey]
  return named.size === key.length && key.every((column) => named.has(column))
}
