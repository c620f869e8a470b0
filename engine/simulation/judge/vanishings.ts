import type { Millis } from '../../ports.js'
import type { Record, Statement } from '../record.js'
import type { ChangeOperation, Operation, Place } from '../workloads/operation.js'
import { placesOf } from './places.js'

/** The first number of those that nobody has asked for. */
const FIRST = -1_000_000

/**
 * Rows that end vanish by themselves: as if each were deleted by somebody who is told nothing, once, and not before
 * some clock had come to its end.
 *
 * @param clocks at each place in the order of all calls and answers, the latest time that any clock had shown.
 */
export function vanishings(records: readonly Record[], clocks: readonly Millis[]): Record[] {
  const ends = records
    .filter(({ outcome }) => outcome !== 'refused')
    .flatMap((record): readonly (Statement | string)[] => record.statements ?? [record])
    .flatMap((statement) => (typeof statement === 'string' ? [] : endsOf(statement.operation)))
  return ends.map(({ at, ended }, i): Record => {
    const first = clocks.findIndex((clock) => clock >= ended)
    return {
      id: FIRST - i,
      client: FIRST,
      operation: { kind: 'delete', at, ended },
      called: (first < 0 ? clocks.length : first) - 0.5,
      answered: undefined,
      outcome: 'unknown',
      seen: [],
      written: [],
      conflict: false,
    }
  })
}

function endsOf(operation: Operation): { readonly at: Place; readonly ended: Millis }[] {
  if (operation.kind === 'several')
    return operation.changes.flatMap((change: ChangeOperation) => endsOf(change))
  if (!('ends' in operation) || typeof operation.ends !== 'number') return []
  const { ends } = operation
  return placesOf(operation).map((at) => ({ at, ended: ends }))
}
