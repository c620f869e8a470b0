import type { ExplainNode, OperationNode, RootOperationNode, SelectAllNode, SelectionNode } from 'kysely'
import type { PlainStatement, Statement } from './statement.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** A query, and perhaps the wish to have it explained instead of executed. */
export interface Explainable extends OperationNode {
  readonly explain?: ExplainNode
}

/** Compiles what is to be explained, with all its refusals. */
export function compileExplain<N extends Explainable>(
  { explain, ...explained }: N,
  compile: (node: OperationNode) => PlainStatement,
): Statement {
  if (explain?.format !== undefined || explain?.options !== undefined) {
    throw new UnsupportedQueryError('explain')
  }
  const statement = compile(explained)
  return { ...statement, operation: { kind: 'explain', operation: statement.operation } }
}

/**
 * The query as Kysely must see it to hand out rows: of a write that returns nothing it hands out a count, also when
 * the write was to be explained.
 */
export function answeringRows(node: RootOperationNode): RootOperationNode {
  const { explain, returning } = node as Explainable & { readonly returning?: unknown }
  if (explain === undefined || returning !== undefined || node.kind === 'SelectQueryNode') return node
  const all: SelectAllNode = { kind: 'SelectAllNode' }
  const selections: SelectionNode[] = [{ kind: 'SelectionNode', selection: all }]
  return { ...node, returning: { kind: 'ReturningNode', selections } } as RootOperationNode
}
