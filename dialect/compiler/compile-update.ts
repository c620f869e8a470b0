import type { DeleteQueryNode, UpdateQueryNode } from 'kysely'
import type { Interval } from '../../engine/keys/interval.js'
import type { Alteration, Change, ItemKey } from '../../engine/operations.js'
import { type DatabaseSchema, expiring, type TableSchema } from '../schema/table-schema.js'
import { onlyTable } from './compile-select.js'
import { lowerAssignments } from './lower-assignments.js'
import { lowerExpression } from './lower-expression.js'
import { lowerReturning } from './lower-projection.js'
import { type KeyPlan, planKeys, tableInterval, tablePrefix } from './plan-keys.js'
import { allowOnly } from './root-properties.js'
import { openScope, type Scope } from './scope.js'
import type { PlainStatement } from './statement.js'

/** A change of rows: of those that whole keys name, or of all in intervals, if the condition holds for them. */
export function compileUpdate(node: UpdateQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, ['table', 'updates', 'where', 'returning'], {
    from: 'update_from',
    orderBy: 'write_limit',
    limit: 'write_limit',
    top: 'write_limit',
  })
  const scope = openScope(node.table, schema)
  const assignments = lowerAssignments(node.updates ?? [], scope)
  return compileAlteration(node, scope, { kind: 'update', assignments, ...expiring(scope.table) })
}

/** A removal of rows: of those that whole keys name, or of all in intervals, if the condition holds for them. */
export function compileDelete(node: DeleteQueryNode, schema: DatabaseSchema): PlainStatement {
  allowOnly(node, ['from', 'where', 'returning'], {
    orderBy: 'write_limit',
    limit: 'write_limit',
    top: 'write_limit',
  })
  const scope = openScope(onlyTable(node.from), schema)
  return compileAlteration(node, scope, { kind: 'delete' })
}

interface NamedRow {
  readonly key: ItemKey
  readonly aloneIn?: Interval
}

function compileAlteration(
  node: Pick<UpdateQueryNode, 'where' | 'returning'>,
  scope: Scope,
  alteration: Alteration,
): PlainStatement {
  const { table, parameters } = scope
  const plan = planKeys(
    node.where === undefined ? undefined : lowerExpression(node.where.where, scope),
    table,
  )
  const returning = lowerReturning(node.returning, scope)
  const rows = nameRows(plan, table)
  if (plan.spans.length === 0) return { table, parameters, operation: { kind: 'nothing', writes: true } }
  const { filter, spans } = plan
  if (rows === undefined) {
    const filtered = filter === undefined ? undefined : { filter }
    return { table, parameters, operation: { kind: 'alter', spans, ...filtered, alteration, ...returning } }
  }
  const condition = filter === undefined ? undefined : { condition: filter }
  const changes = rows.map((row): Change => ({ ...alteration, ...row, ...condition }))
  return { table, parameters, operation: { kind: 'write', changes, ...returning } }
}

function nameRows({ keys, boxes, spans }: KeyPlan, table: TableSchema): NamedRow[] | undefined {
  if (keys !== undefined) return keys.map((key) => ({ key }))
  const sortColumn = table.sortKey[0] as string
  if (!table.sortKeyOptional || boxes.some((box) => box.has(sortColumn))) return undefined
  // Without a declaration nobody knows whether the table has sort keys. If a row turns up that has one, the
  // partition refuses the change.
  const aloneIn = tableInterval(table)
  return spans.map(({ hashKey }) => ({ key: { hashKey, sortKey: tablePrefix(table) }, aloneIn }))
}
