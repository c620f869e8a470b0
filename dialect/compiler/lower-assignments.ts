import type { ColumnNode, ColumnUpdateNode, OperationNode, ReferenceNode } from 'kysely'
import type { Assignment } from '../../engine/expressions/expression.js'
import { isKeyColumn } from '../schema/table-schema.js'
import { lowerExpression } from './lower-expression.js'
import { invalidStatement, resolveColumn, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** The assignments of a `set`. @throws {UnsupportedQueryError} when one is to a key column. */
export function lowerAssignments(updates: readonly ColumnUpdateNode[], scope: Scope): Assignment[] {
  const { table } = scope
  if (updates.length === 0) {
    throw invalidStatement(scope, 'an update sets a column to something that is not undefined')
  }
  return updates.map(({ column: target, value }) => {
    const column = assignedColumn(target, scope)
    if (isKeyColumn(table, column)) {
      throw new UnsupportedQueryError('key_change', { table: table.name, column })
    }
    scope.last.column = column
    return { column, value: lowerExpression(value, scope) }
  })
}

function assignedColumn(node: OperationNode, scope: Scope): string {
  switch (node.kind) {
    case 'ColumnNode':
      return (node as ColumnNode).column.name
    case 'ReferenceNode':
      return resolveColumn(node as ReferenceNode, scope).column
    case 'JSONReferenceNode':
      throw new UnsupportedQueryError('json_write')
    default:
      throw new UnsupportedQueryError('unknown_node', { kind: node.kind })
  }
}
