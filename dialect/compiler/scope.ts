import type { AliasNode, IdentifierNode, OperationNode, ReferenceNode, TableNode } from 'kysely'
import type { Aggregate } from '../../engine/aggregates/aggregation.js'
import { InvalidRequestError } from '../../engine/errors.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** What the names in one statement mean, and the values that were met on the way. */
export interface Scope {
  readonly table: TableSchema
  /** What the statement calls the table: its alias, or its name. */
  readonly name: string
  /** Whether `excluded` names the row that an insert brought. */
  readonly hasExcluded: boolean
  /** The statement's values in the order in which they were met. */
  readonly parameters: unknown[]
  /** Where rows are groups: what may be read of one. */
  readonly grouping?: Grouping
  /** The column that was named last, which a value that comes next is most likely for. */
  readonly last: { column?: string }
}

/** What may be read of a group of rows. */
export interface Grouping {
  /** The columns that the rows of a group have in common. */
  readonly columns: ReadonlySet<string>
  /** What is computed of the rows: aggregates are added as they are met. */
  readonly aggregates: Aggregate[]
}

/** @throws {UnsupportedQueryError} for anything but one declared table without a schema. */
export function openScope(node: OperationNode | undefined, schema: DatabaseSchema): Scope {
  if (node?.kind === 'AliasNode') {
    const { node: aliased, alias } = node as AliasNode
    if (alias.kind !== 'IdentifierNode') throw new UnsupportedQueryError('raw_sql')
    return { ...openScope(aliased, schema), name: (alias as IdentifierNode).name }
  }
  if (node === undefined) throw new UnsupportedQueryError('no_table')
  if (node.kind === 'SelectQueryNode') throw new UnsupportedQueryError('subquery')
  if (node.kind === 'ListNode') throw new UnsupportedQueryError('several_tables')
  if (node.kind === 'RawNode') throw new UnsupportedQueryError('raw_sql')
  if (node.kind !== 'TableNode') throw new UnsupportedQueryError('unknown_node', { kind: node.kind })
  const name = tableName(node as TableNode)
  const table = schema.table(name)
  if (table === undefined) {
    throw new UnsupportedQueryError('unknown_table', { table: name, declared: schema.tableNames.join(', ') })
  }
  return { table, name, hasExcluded: false, parameters: [], last: {} }
}

/** The column that a reference names, and whether it is the one of the row that an insert brought. */
export function resolveColumn(node: ReferenceNode, scope: Scope): { column: string; excluded: boolean } {
  if (node.column.kind !== 'ColumnNode')
    throw new UnsupportedQueryError('unknown_node', { kind: node.column.kind })
  const column = node.column.column.name
  scope.last.column = column
  if (scope.grouping !== undefined && !scope.grouping.columns.has(column)) {
    throw new UnsupportedQueryError('not_grouped', { column })
  }
  return { column, excluded: resolveTable(node.table, scope) === 'excluded' }
}

/** Which row a reference's table names. */
export function resolveTable(node: TableNode | undefined, scope: Scope): 'row' | 'excluded' {
  if (node === undefined) return 'row'
  const reference = tableName(node)
  if (reference === scope.name) return 'row'
  if (reference === 'excluded' && scope.hasExcluded) return 'excluded'
  throw new UnsupportedQueryError('unknown_reference', { reference, table: scope.name })
}

/** An error of a statement whose parts are understood and make no sense together. */
export function invalidStatement({ table: { name } }: Scope, reason: string): InvalidRequestError {
  return new InvalidRequestError(`${name}: ${reason}`, { table: name })
}

function tableName({ table: { schema, identifier } }: TableNode): string {
  if (schema !== undefined) throw new UnsupportedQueryError('schema')
  return identifier.name
}
