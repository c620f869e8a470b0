import type {
  AliasNode,
  IdentifierNode,
  OperationNode,
  ReferenceNode,
  ReturningNode,
  SelectionNode,
} from 'kysely'
import type { ProjectedColumn, Projection } from '../../engine/expressions/expression.js'
import { lowerExpression } from './lower-expression.js'
import { invalidStatement, resolveColumn, resolveTable, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** What a select or returning asks for. @throws {InvalidRequestError} when that is nothing. */
export function lowerProjection(selections: readonly SelectionNode[] | undefined, scope: Scope): Projection {
  const columns = (selections ?? []).map(({ selection }) => lowerSelection(selection, scope))
  if (columns.length === 0) {
    throw invalidStatement(scope, 'a query selects something: add .selectAll() or .select([…])')
  }
  return columns.length === 1 && columns[0]?.kind === 'all' ? 'all' : columns
}

/** What a write answers beside the number of rows: nothing, unless it says `returning`. */
export function lowerReturning(node: ReturningNode | undefined, scope: Scope): { returning?: Projection } {
  return node === undefined ? {} : { returning: lowerProjection(node.selections, scope) }
}

function lowerSelection(node: OperationNode, scope: Scope): ProjectedColumn {
  switch (node.kind) {
    case 'SelectAllNode':
      return { kind: 'all' }
    case 'ReferenceNode': {
      const reference = node as ReferenceNode
      if (reference.column.kind === 'SelectAllNode') {
        resolveTable(reference.table, scope)
        return { kind: 'all' }
      }
      const { column } = resolveColumn(reference, scope)
      return { kind: 'as', name: column, value: lowerExpression(node, scope) }
    }
    case 'AliasNode': {
      const { node: aliased, alias } = node as AliasNode
      if (alias.kind !== 'IdentifierNode') throw new UnsupportedQueryError('raw_sql')
      return { kind: 'as', name: (alias as IdentifierNode).name, value: lowerExpression(aliased, scope) }
    }
    default:
      // Without an alias there is no name for the result.
      lowerExpression(node, scope)
      throw new UnsupportedQueryError('unknown_node', { kind: node.kind })
  }
}
