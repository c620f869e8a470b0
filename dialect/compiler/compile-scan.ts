import type { DatabaseSchema } from '../schema/table-schema.js'
import { onlyTable } from './compile-select.js'
import { lowerExpression } from './lower-expression.js'
import { lowerProjection } from './lower-projection.js'
import { planScan } from './plan-keys.js'
import { allowOnly } from './root-properties.js'
import type { ScanQueryNode } from './scan-node.js'
import { openScope } from './scope.js'
import type { Statement } from './statement.js'

/** A select that visits every partition, because it says so. */
export function compileScan(node: ScanQueryNode, schema: DatabaseSchema): Statement {
  allowOnly(node, ['from', 'selections', 'where', 'scan'], {
    orderBy: 'scan_order',
    limit: 'scan_order',
    offset: 'scan_order',
    groupBy: 'scan_order',
    having: 'scan_order',
  })
  const scope = openScope(onlyTable(node.from), schema)
  const { table, parameters } = scope
  const projection = lowerProjection(node.selections, scope)
  const filter = node.where === undefined ? undefined : lowerExpression(node.where.where, scope)
  const within = planScan(filter, table)
  if (within === undefined) return { table, parameters, operation: { kind: 'nothing', writes: false } }
  const { kind: _, ...part } = node.scan
  return {
    table,
    parameters,
    operation: {
      kind: 'scan',
      within,
      ...part,
      ...(filter === undefined ? undefined : { filter }),
      ...(projection === 'all' ? undefined : { projection }),
    },
  }
}
