import type {
  DeleteQueryNode,
  InsertQueryNode,
  OperationNode,
  SelectQueryNode,
  UpdateQueryNode,
} from 'kysely'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { compileExplain, type Explainable } from './compile-explain.js'
import { compileInsert } from './compile-insert.js'
import { compileScan } from './compile-scan.js'
import { compileSelect } from './compile-select.js'
import { compileDelete, compileUpdate } from './compile-update.js'
import { isScan } from './scan-node.js'
import type { PlainStatement, Statement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/**
 * Turns a query of Kysely's into an operation of the engine's.
 *
 * @throws {UnsupportedQueryError} for what the engine cannot run in one place.
 * @throws {InvalidKeyError}, {@link InvalidValueError} or {@link InvalidRequestError} for values without sense.
 */
export function compileStatement(node: OperationNode, schema: DatabaseSchema): Statement {
  if ((node as Explainable).explain !== undefined) {
    return compileExplain(node, (explained) => compilePlain(explained, schema))
  }
  return node.kind === 'SelectQueryNode' && isScan(node)
    ? compileScan(node, schema)
    : compilePlain(node, schema)
}

function compilePlain(node: OperationNode, schema: DatabaseSchema): PlainStatement {
  switch (node.kind) {
    case 'SelectQueryNode':
      return compileSelect(node as SelectQueryNode, schema)
    case 'InsertQueryNode':
      return compileInsert(node as InsertQueryNode, schema)
    case 'UpdateQueryNode':
      return compileUpdate(node as UpdateQueryNode, schema)
    case 'DeleteQueryNode':
      return compileDelete(node as DeleteQueryNode, schema)
    case 'MergeQueryNode':
      throw new UnsupportedQueryError('merge')
    case 'RawNode':
      throw new UnsupportedQueryError('raw_sql')
    default:
      throw new UnsupportedQueryError('ddl')
  }
}
