import type { Record, Statement } from '../record.js'
import type { ChangeOperation, Operation } from '../workloads/operation.js'
import type { TotalRow } from '../workloads/whole-interval.js'
import { placesOf } from './places.js'

/**
 * What an operation did at one hash key. What happens at one moment at several of them happens at one moment at
 * each: so every hash key can be judged alone.
 */
export function project(record: Record, hash: number): Record {
  const { statements, leaves, written } = record
  if (statements === undefined) return { ...record, ...projectStatement(record, hash) }
  return {
    ...record,
    written: written.filter(({ place }) => place.hash === hash),
    ...(leaves === undefined ? undefined : { leaves: leaves.filter(({ place }) => place.hash === hash) }),
    statements: statements.flatMap((statement): (Statement | 'savepoint' | 'rollback')[] => {
      if (typeof statement === 'string') return [statement]
      if (!touches(statement.operation, hash)) return []
      // That an insert met a row may have been at another hash key.
      if (statement.conflict && hashesOf(statement.operation) > 1) return []
      return [projectStatement(statement, hash)]
    }),
  }
}

function projectStatement(statement: Statement, hash: number): Statement {
  const { operation, seen, written, totals } = statement
  return {
    ...statement,
    operation: operationAt(operation, hash),
    seen: seen.filter(({ place }) => place.hash === hash),
    written: written.filter(({ place }) => place.hash === hash),
    ...(totals === undefined ? undefined : { totals: totalsAt(statement, hash) }),
  }
}

function operationAt(operation: Operation, hash: number): Operation {
  switch (operation.kind) {
    case 'several':
      return changesAt(operation, hash)
    case 'total':
    case 'alter':
      return { ...operation, hashes: [hash] }
    default:
      return operation
  }
}

/** Of a hash key without rows there is no group, if there are several hash keys. */
function totalsAt({ operation, totals = [] }: Statement, hash: number): readonly TotalRow[] {
  const here = totals.filter((row) => row.hash === hash)
  return here.length === 0 && operation.kind === 'total' && operation.by === undefined
    ? [{ hash, rows: 0 }]
    : here
}

function changesAt(several: Operation & { kind: 'several' }, hash: number): Operation {
  return { ...several, changes: several.changes.filter((change: ChangeOperation) => touches(change, hash)) }
}

function touches(operation: Operation, hash: number): boolean {
  return placesOf(operation).some((place) => place.hash === hash)
}

function hashesOf(operation: Operation): number {
  return new Set(placesOf(operation).map(({ hash }) => hash)).size
}
