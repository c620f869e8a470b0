import { TransactionConflictError } from '../../errors.js'
import type { Expression } from '../../expressions/expression.js'
import { compareBytes } from '../../keys/compare-bytes.js'
import type { Alteration, AlterOperation, ChangeResult } from '../../operations.js'
import { placesOf } from '../judge/places.js'
import type { Leaving, Record, WrittenRow } from '../record.js'
import { appending, filterOf } from './changes.js'
import type { Place } from './operation.js'
import { spansOf } from './reads.js'
import { hashKey, placeOf, writtenRow } from './rows.js'
import { outcomeOf, type Session } from './session.js'
import type { Alter } from './whole-interval.js'

/** One statement, which begins anew by itself when others were at its intervals. */
export async function alter(operation: Alter, session: Session): Promise<void> {
  const { id, client, store, recorder, signal } = session
  const called = recorder.tick()
  const add = (came: Pick<Record, 'outcome' | 'statements' | 'leaves'>) =>
    recorder.add({
      ...{ id, client, operation, called, answered: recorder.tick() },
      ...{ ...came, seen: [], written: [], conflict: false },
    })
  try {
    const { changes } = await store.alter(alterationOf(operation, id, false), { signal })
    const written = alteredRows(operation, changes)
    const statements = [{ operation, seen: [], written, conflict: false }]
    add({ outcome: 'done', statements, leaves: leavesOfRows(operation, written) })
  } catch (error) {
    const outcome = outcomeOf(error, operation) === 'unknown' ? 'unknown' : 'refused'
    const statements = [{ operation, seen: [], written: [], conflict: false, untold: true }]
    // Of any row in the intervals it may turn out that it was there.
    const leaves = placesOf(operation).map((place) => ({ place, deletes: operation.deletes === true }))
    add({ outcome, statements, leaves })
    // Others were there for too long: nobody runs a plain statement again.
    if (error instanceof TransactionConflictError) return
  }
}

/**
 * What the store is asked for.
 *
 * @param marked whether some of the rows may hold the number already, which stands in no row twice.
 */
export function alterationOf(operation: Alter, id: number, marked: boolean): AlterOperation {
  const { deletes, amount, ends, atLeast } = operation
  const number: Expression = { kind: 'value', value: `${id}` }
  const assignments = appending(number, {
    ...(amount === undefined ? {} : { amount }),
    ...(ends === undefined ? {} : { ends }),
  })
  const alteration: Alteration =
    deletes === true
      ? { kind: 'delete' }
      : {
          kind: 'update',
          assignments: marked ? assignments.map((each) => onceIn(each, id)) : assignments,
          ...(ends === undefined ? {} : { expiresAt: 'ends' }),
        }
  return { kind: 'alter', spans: spansOf(operation), ...filterOf(atLeast), alteration, returning: 'all' }
}

/** A row's log is left as it is where the number stands in it. */
function onceIn({ column, value }: ReturnType<typeof appending>[number], id: number) {
  if (column !== 'log') return { column, value }
  const log = { kind: 'column', column } as const
  const comma = { kind: 'value', value: ',' } as const
  const framed = {
    kind: 'concat',
    left: comma,
    right: { kind: 'concat', left: log, right: comma },
  } as const
  const when = { kind: 'like', operand: framed, pattern: { kind: 'value', value: `%,${id},%` } } as const
  return { column, value: { kind: 'case', branches: [{ when, value: log }], otherwise: value } as const }
}

/**
 * What was told of each row.
 *
 * @throws when rows are told that were not asked for, or in another order.
 */
export function alteredRows(operation: Alter, changes: readonly ChangeResult[]): WrittenRow[] {
  const { hashes, from, to, deletes } = operation
  const written = changes.map((change): WrittenRow => {
    if (!change.made || change.item === undefined) throw new Error('a row was to be altered, and was not')
    const place = placeOf(change.item)
    return writtenRow({ place, kind: deletes === true ? 'delete' : 'append' }, change)
  })
  const shown = written.map(({ place }) => `h${place.hash}/${place.sort}`).join(', ')
  if (written.some(({ place }, i) => i > 0 && compare((written[i - 1] as WrittenRow).place, place) >= 0))
    throw new Error(`rows were altered out of order, or twice: ${shown}`)
  if (written.some(({ place }) => !hashes.includes(place.hash) || place.sort < from || place.sort >= to))
    throw new Error(`rows from elsewhere were altered: ${shown}`)
  return written
}

/** What it leaves where it has altered rows. */
export function leavesOfRows({ deletes }: Alter, written: readonly WrittenRow[]): Leaving[] {
  return written.map(({ place }) => ({ place, deletes: deletes === true }))
}

function compare(left: Place, right: Place): number {
  return compareBytes(hashKey(left.hash), hashKey(right.hash)) || left.sort - right.sort
}
