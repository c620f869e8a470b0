import type { DeleteQueryNode, UpdateQueryNode, WhereNode } from 'kysely'
import type { Expression } from '../../engine/expressions/expression.js'
import type { Interval } from '../../engine/keys/interval.js'
import type { Change, ItemKey } from '../../engine/operations.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { onlyTable } from './compile-select.js'
import { lowerAssignments } from './lower-assignments.js'
import { lowerExpression } from './lower-expression.js'
import { lowerReturning } from './lower-projection.js'
import { openColumn, planKeys, tableInterval, tablePrefix } from './plan-keys.js'
import { allowOnly } from './root-properties.js'
import { openScope, type Scope } from './scope.js'
import type { PlainStatement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** A change of one row, named by its whole key, that happens if the condition holds. */
export function compileUpdate(node: UpdateQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, ['table', 'updates', 'where', 'returning'], {
    from: 'update_from',
    orderBy: 'write_limit',
    limit: 'write_limit',
    top: 'write_limit',
  })
  const scope = openScope(node.table, schema)
  const assignments = lowerAssignments(node.updates ?? [], scope)
  return compileAlteration(node, scope, (row) => ({ kind: 'update', assignments, ...row }))
}

/** A removal of one row, named by its whole key, that happens if the condition holds. */
export function compileDelete(node: DeleteQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, ['from', 'where', 'returning'], {
    orderBy: 'write_limit',
    limit: 'write_limit',
    top: 'write_limit',
  })
  const scope = openScope(onlyTable(node.from), schema)
  return compileAlteration(node, scope, (row) => ({ kind: 'delete', ...row }))
}

interface NamedRow {
  readonly key: ItemKey
  readonly condition?: Expression
  readonly aloneIn?: Interval
}

function compileAlteration(
  node: Pick<UpdateQueryNode, 'where' | 'returning'>,
  scope: Scope,
  change: (row: NamedRow) => Change,
): PlainStatement {
  const { table, parameters } = scope
  const { rows, filter } = nameRows(node.where, scope)
  const condition = filter === undefined ? undefined : { condition: filter }
  const changes = rows.map((row) => change({ ...row, ...condition }))
  const returning = lowerReturning(node.returning, scope)
  if (changes.length === 0) return { table, parameters, operation: { kind: 'nothing', writes: true } }
  return { table, parameters, operation: { kind: 'write', changes, ...returning } }
}

function nameRows(where: WhereNode | undefined, scope: Scope) {
  const { table } = scope
  const plan = planKeys(where === undefined ? undefined : lowerExpression(where.where, scope), table)
  if (plan.keys !== undefined) {
    return { rows: plan.keys.map((key): NamedRow => ({ key })), filter: plan.filter }
  }
  if (table.sortKeyOptional && plan.boxes.every((box) => !box.has(table.sortKey[0] as string))) {
    // Without a declaration nobody knows whether the table has sort keys. If a row turns up that has one, the
    // partition refuses the change.
    const aloneIn = tableInterval(table)
    const sortKey = tablePrefix(table)
    const rows = plan.spans.map(({ hashKey }): NamedRow => ({ key: { hashKey, sortKey }, aloneIn }))
    return { rows, filter: plan.filter }
  }
  throw new UnsupportedQueryError('incomplete_key', {
    table: table.name,
    column: openColumn(plan.boxes, table) as string,
  })
}
