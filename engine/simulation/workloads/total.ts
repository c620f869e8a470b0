import type { Aggregate, GroupColumn } from '../../aggregates/aggregation.js'
import type { Expression } from '../../expressions/expression.js'
import type { AggregateOperation } from '../../operations.js'
import type { Item } from '../../values/value.js'
import type { SeenRow, Statement } from '../record.js'
import { filterOf } from './changes.js'
import type { Place } from './operation.js'
import { shownRows, spansOf } from './reads.js'
import { outcomeOf, type Session } from './session.js'
import type { Total, TotalRow } from './whole-interval.js'

const column = (name: string) => ({ kind: 'column', column: name }) as const
const call = (name: 'substr' | 'length', ...operands: readonly Expression[]) =>
  ({ kind: 'call', function: name, operands }) as const
const constant = (value: number) => ({ kind: 'value', value }) as const

/** What stands before the slash and the two digits of a place. */
const HASH: Expression = call('substr', column('place'), constant(1), {
  kind: 'arithmetic',
  operator: '-',
  left: call('length', column('place')),
  right: constant(3),
})
const COUNT: Aggregate = { name: 'rows', function: 'count' }
const GROWN: Expression = { kind: 'compare', operator: '>=', left: column('n'), right: constant(1) }
const AGGREGATES: readonly Aggregate[] = [
  COUNT,
  { name: 'grown', function: 'count', filter: GROWN },
  { name: 'counts', function: 'sum', operand: column('n') },
  { name: 'amounts', function: 'sum', operand: column('amount') },
  { name: 'firstLog', function: 'min', operand: column('log') },
  { name: 'lastLog', function: 'max', operand: column('log') },
  { name: 'logs', function: 'count', distinct: true, operand: column('log') },
]
/** What else there is to know of a row by itself. */
const OF_ONE: readonly Aggregate[] = [
  { name: 'pad', function: 'max', operand: call('length', column('pad')) },
  { name: 'ends', function: 'max', operand: column('ends') },
]

/** One statement: what it was told of each hash key is of one moment. */
export async function total(operation: Total, { id, client, store, recorder }: Session): Promise<void> {
  const called = recorder.tick()
  let rows: readonly Item[]
  try {
    rows = await store.aggregate(aggregateOf(operation))
  } catch (error) {
    outcomeOf(error, operation)
    return
  }
  const statements = toldOf(operation, rows)
  const record = { id, client, operation, called, answered: recorder.tick(), outcome: 'done' } as const
  recorder.add({ ...record, seen: [], written: [], conflict: false, statements })
}

/** What the store is asked for. */
export function aggregateOf(operation: Total): AggregateOperation {
  const { hashes, by, bare = false, atLeast } = operation
  const groups: GroupColumn[] = hashes.length > 1 && by !== 'place' ? [{ name: 'hash', value: HASH }] : []
  if (by !== undefined) groups.push({ name: by, value: column(by) })
  const aggregates = bare ? [COUNT] : by === 'place' ? [...AGGREGATES, ...OF_ONE] : AGGREGATES
  return {
    kind: 'aggregate',
    spans: spansOf(operation),
    groups,
    aggregates,
    projection: [...groups, ...aggregates].map(({ name }) => ({ kind: 'as', name, value: column(name) })),
    ...filterOf(atLeast),
  }
}

/**
 * What was told of each hash key.
 *
 * @throws when the groups are not those that were asked for, or in another order.
 */
export function toldOf(operation: Total, rows: readonly Item[]): Statement[] {
  if (operation.by === 'place') return shownRows(asScan(operation), rows.map(rowOf))
  const { hashes, by } = operation
  const told = rows.map(({ hash, ...row }): TotalRow => {
    const number = hashes.length > 1 ? Number((hash as string).slice(1)) : (hashes[0] as number)
    return { hash: number, ...(row as unknown as Omit<TotalRow, 'hash'>) }
  })
  const names = told.map(
    ({ hash, n }) => `h${hash}${n === undefined ? '' : ` ${String(n).padStart(4, '0')}`}`,
  )
  if (names.some((name, i) => i > 0 && (names[i - 1] as string) >= name))
    throw new Error(`groups were answered out of order, or twice: ${names.join(', ')}`)
  if (told.some(({ hash }) => !hashes.includes(hash)))
    throw new Error(`groups were answered of other hash keys: ${names.join(', ')}`)
  if (hashes.length === 1 && by === undefined && told.length !== 1)
    throw new Error(`one group was to be answered, and ${told.length} were`)
  if (told.some(({ rows }) => rows === 0) && (hashes.length > 1 || by !== undefined))
    throw new Error(`a group of no rows was answered: ${names.join(', ')}`)
  return [{ operation, totals: told, seen: [], written: [], conflict: false }]
}

/** Each row by itself, as a scan shows it. */
function asScan({ hashes, from, to, atLeast }: Total) {
  const order = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' } as const
  return { kind: 'scan', hashes, from, to, order, ...(atLeast === undefined ? {} : { atLeast }) } as const
}

function rowOf(row: Item): SeenRow {
  const { place, rows, grown, counts, amounts, firstLog, lastLog, logs, pad, ends } =
    row as unknown as TotalRow & {
      readonly place: string
      readonly counts: number
      readonly amounts: number
      readonly firstLog: string
      readonly pad: number
      readonly ends: Date | null
    }
  if (rows !== 1 || logs !== 1 || firstLog !== lastLog || grown !== (counts >= 1 ? 1 : 0))
    throw new Error(`one row at ${place} was answered as ${JSON.stringify(row)}`)
  const [hash, sort] = place.slice(1).split('/').map(Number)
  return {
    place: { hash, sort } as Place,
    row: {
      n: counts,
      log: firstLog,
      pad,
      amount: amounts,
      ...(ends === null ? undefined : { ends: ends.getTime() }),
    },
  }
}
