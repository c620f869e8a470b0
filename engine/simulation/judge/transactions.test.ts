import { describe, expect, it } from 'vitest'
import type { Leaving, Record, Statement, WrittenRow } from '../record.js'
import type { Operation, Place, Row } from '../workloads/operation.js'
import type { TransactionOperation } from '../workloads/transaction.js'
import { judge } from './judge.js'
import type { FinalRow } from './to-history.js'

const X: Place = { hash: 0, sort: 0 }
const Y: Place = { hash: 1, sort: 0 }
const row = (log: string, amount = 0): Row => ({ n: log.split(',').length - 1, log, pad: 0, amount })

type Part = Statement | 'savepoint' | 'rollback'

const told = (operation: Operation, facts: Partial<Statement>): Statement => ({
  operation,
  seen: [],
  written: [],
  conflict: false,
  ...facts,
})
const reads = (at: Place, seen: Row | null) => told({ kind: 'get', at }, { seen: [{ place: at, row: seen }] })
const readsAll = (hash: number, ...logs: (string | undefined)[]) =>
  told(
    { kind: 'range', hash, from: 0, to: logs.length, descending: false, pageSize: 8 },
    {
      covers: { from: 0, to: logs.length },
      seen: logs.flatMap((log, sort) =>
        log === undefined ? [] : [{ place: { hash, sort }, row: row(log) }],
      ),
    },
  )
const changes = (operation: Operation & { at: Place }, made: WrittenRow['made']) =>
  told(operation, { written: [{ place: operation.at, ...(made && { made }) }] })
const puts = (at: Place, log: string) =>
  changes({ kind: 'put', at, large: false }, { row: row(log), version: 0 })
const appends = (at: Place) => changes({ kind: 'append', at, quiet: true }, { version: 0 })
const deletes = (at: Place) => changes({ kind: 'delete', at, quiet: true }, { row: null, version: 0 })

/** One attempt of a block, called and answered at these times. */
function block(
  id: number,
  [called, answered]: [number, number],
  statements: readonly Part[],
  leaves: readonly Leaving[] = [],
  outcome: Record['outcome'] = 'done',
): Record {
  const steps = statements.map((part) => (typeof part === 'string' ? { kind: part } : part.operation))
  const operation = { kind: 'transaction', as: 'block', steps } as TransactionOperation
  const facts = { id, client: id, operation, called, answered, outcome, statements, leaves }
  return { ...facts, seen: [], written: [], conflict: false }
}

const left = (...places: readonly Place[]): Leaving[] => places.map((place) => ({ place, deletes: false }))
const stored = (place: Place, log: string, version: number): FinalRow => ({ place, row: row(log), version })
const names = (records: readonly Record[], final: readonly FinalRow[], durable: readonly FinalRow[] = []) =>
  judge({ records, final, durable }).anomalies.map(({ name }) => name)

const BOTH = block(1, [1, 2], [puts(X, '1'), puts(Y, '1')], left(X, Y))
const MORE = block(2, [3, 9], [appends(X), appends(Y)], left(X, Y))
const ROWS = [stored(X, '1', 10), stored(Y, '1', 20)]
const LATER = [stored(X, '1,2', 11), stored(Y, '1,2', 21)]

describe('the judge of transactions finds', () => {
  it.each<[string, string, Record[], FinalRow[], FinalRow[]]>([
    [
      'a reader that saw half of one',
      'G-single (read skew)',
      [BOTH, MORE, block(3, [3, 9], [reads(X, row('1,2')), reads(Y, row('1'))])],
      LATER,
      ROWS,
    ],
    [
      'what a refused attempt wrote',
      'G1a (aborted read)',
      [BOTH, block(2, [3, 4], [appends(X)], left(X), 'refused'), block(3, [5, 6], [reads(X, row('1,2'))])],
      [stored(X, '1,2', 11), stored(Y, '1', 20)],
      ROWS,
    ],
    [
      'what was taken back at a savepoint',
      'G1a (aborted read)',
      [BOTH, block(2, [3, 4], ['savepoint', appends(X), 'rollback', appends(Y)], left(Y))],
      LATER,
      ROWS,
    ],
    [
      'two that each wrote on top of what the other did not see',
      'G2-item (write skew)',
      [
        BOTH,
        block(2, [3, 9], [reads(X, row('1')), appends(Y)], left(Y)),
        block(3, [3, 9], [reads(Y, row('1')), appends(X)], left(X)),
      ],
      [stored(X, '1,3', 11), stored(Y, '1,2', 21)],
      ROWS,
    ],
    [
      'an interval that was empty for a writer, and was not',
      'G2 (phantom)',
      [
        block(1, [1, 9], [readsAll(0, undefined, undefined), puts(Y, '1')], left(Y)),
        block(2, [1, 9], [readsAll(1, undefined, undefined), puts(X, '2')], left(X)),
      ],
      [stored(X, '2', 10), stored(Y, '1', 20)],
      [],
    ],
    [
      'an update without a read that stood on something old',
      'lost update',
      [BOTH, MORE, block(3, [3, 9], [reads(X, row('1')), appends(X)], left(X))],
      [stored(X, '1,3', 12), stored(Y, '1,2', 21)],
      [...ROWS, ...LATER],
    ],
    [
      'a total that transfers cannot have made',
      'wrong total',
      [
        block(
          1,
          [1, 2],
          [
            told(
              { kind: 'batchGet', places: [X, Y], balanced: true },
              { seen: [X, Y].map((place) => ({ place, row: row('7', 3) })) },
            ),
          ],
        ),
      ],
      [],
      [],
    ],
  ])('%s: %s', (_, name, records, final, durable) => {
    expect(names(records, final, durable)).toContain(name)
  })
})

describe('the judge of transactions allows', () => {
  it.each<[string, Record[], FinalRow[], FinalRow[]]>([
    [
      'two in turn',
      [BOTH, MORE, block(3, [10, 11], [reads(X, row('1,2')), reads(Y, row('1,2'))])],
      LATER,
      ROWS,
    ],
    [
      'what a block has drafted itself',
      [BOTH, block(2, [3, 4], [appends(X), reads(X, row('1,2')), readsAll(0, '1,2')], left(X))],
      [stored(X, '1,2', 11), stored(Y, '1', 20)],
      ROWS,
    ],
    [
      'a draft that was taken back, and never was',
      [BOTH, block(2, [3, 4], ['savepoint', deletes(X), reads(X, null), 'rollback', reads(X, row('1'))])],
      ROWS,
      ROWS,
    ],
    [
      'an update without a read that stood on what came since',
      [BOTH, MORE, block(3, [3, 9], [appends(X)], left(X))],
      [stored(X, '1,2,3', 12), stored(Y, '1,2', 21)],
      [...ROWS, ...LATER],
    ],
    [
      'one of which nobody knows, that happened',
      [BOTH, block(2, [3, 4], [appends(X), appends(Y)], left(X, Y), 'unknown')],
      LATER,
      ROWS,
    ],
    [
      'one of which nobody knows, that never did',
      [BOTH, block(2, [3, 4], [appends(X), appends(Y)], left(X, Y), 'unknown')],
      ROWS,
      ROWS,
    ],
  ])('%s', (_, records, final, durable) => {
    expect(names(records, final, durable)).toEqual([])
  })
})
