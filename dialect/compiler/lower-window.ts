import type { OperationNode, RawNode, SelectQueryNode, ValueNode } from 'kysely'
import { unwrapRaw } from './lower-expression.js'
import { invalidStatement, type Scope } from './scope.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** Which of the rows that are found are answered. */
export interface LoweredWindow {
  readonly limit?: number
  /** At least 1. */
  readonly offset?: number
}

/** The `limit` and `offset` of a select. @throws {InvalidRequestError} when one is no count. */
export function lowerWindow({ limit, offset }: SelectQueryNode, scope: Scope): LoweredWindow {
  const rows = limit === undefined ? undefined : readCount(limit.limit, 'a limit', 1, scope)
  const skipped = offset === undefined ? 0 : readCount(offset.offset, 'an offset', 0, scope)
  return {
    ...(rows === undefined ? undefined : { limit: rows }),
    ...(skipped === 0 ? undefined : { offset: skipped }),
  }
}

function readCount(node: OperationNode, what: string, least: number, scope: Scope): number {
  const inner = node.kind === 'RawNode' ? unwrapRaw(node as RawNode) : node
  if (inner.kind !== 'ValueNode') throw new UnsupportedQueryError('raw_sql')
  const { value } = inner as ValueNode
  const count = typeof value === 'bigint' ? Number(value) : value
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < least) {
    throw invalidStatement(scope, `${what} is a whole number of at least ${least}, not ${String(value)}`)
  }
  scope.parameters.push(value)
  return count
}
