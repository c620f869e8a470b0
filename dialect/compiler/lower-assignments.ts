import type { ColumnNode, ColumnUpdateNode, JSONReferenceNode, OperationNode, ReferenceNode } from 'kysely'
import type { Assignment } from '../../engine/expressions/expression.js'
import { isKeyColumn } from '../schema/table-schema.js'
import { lowerExpression } from './lower-expression.js'
import { lowerLegs } from './lower-path.js'
import { invalidStatement, resolveColumn, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** The assignments of a `set`. @throws {UnsupportedQueryError} when one is to a key column. */
export function lowerAssignments(updates: readonly ColumnUpdateNode[], scope: Scope): Assignment[] {
  const { table } = scope
  if (updates.length === 0) {
    throw invalidStatement(scope, 'an update sets a column to something that is not undefined')
  }
  const assignments: Assignment[] = []
  for (const { column: target, value } of updates) {
    const { column, traversal } = assigned(target, scope)
    if (isKeyColumn(table, column)) {
      throw new UnsupportedQueryError('key_change', { table: table.name, column })
    }
    scope.last.column = column
    if (traversal === undefined) {
      assignments.push({ column, value: lowerExpression(value, scope) })
      continue
    }
    // A place inside a column is set in what was assigned to the column before, if anything was.
    const before = assignments.findLast((assignment) => assignment.column === column)
    const operand = before?.value ?? ({ kind: 'column', column } as const)
    const legs = lowerLegs(traversal, scope)
    assignments.push({
      column,
      value: { kind: 'setPath', operand, legs, value: lowerExpression(value, scope) },
    })
  }
  return assignments
}

interface Assigned {
  readonly column: string
  /** The place inside it. */
  readonly traversal?: JSONReferenceNode['traversal']
}

function assigned(node: OperationNode, scope: Scope): Assigned {
  switch (node.kind) {
    case 'ColumnNode':
      return { column: (node as ColumnNode).column.name }
    case 'ReferenceNode':
      return { column: resolveColumn(node as ReferenceNode, scope).column }
    case 'JSONReferenceNode': {
      const { reference, traversal } = node as JSONReferenceNode
      return { column: resolveColumn(reference as ReferenceNode, scope).column, traversal }
    }
    default:
      throw new UnsupportedQueryError('unknown_node', { kind: node.kind })
  }
}
