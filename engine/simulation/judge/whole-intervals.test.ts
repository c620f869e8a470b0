import { describe, expect, it } from 'vitest'
import type { Leaving, Record, Statement, WrittenRow } from '../record.js'
import type { Operation, Row } from '../workloads/operation.js'
import type { TotalRow } from '../workloads/whole-interval.js'
import { judge } from './judge.js'
import type { FinalRow } from './to-history.js'

const row = (log: string, amount = 0): Row => ({ n: log.split(',').length - 1, log, pad: 0, amount })
const at = (sort: number, hash = 0) => ({ hash, sort })
const stored = (sort: number, log: string, version: number, amount = 0): FinalRow => ({
  place: at(sort),
  row: row(log, amount),
  version,
})

type Times = readonly [number, number]

function statement(
  id: number,
  operation: Operation,
  [called, answered]: Times,
  told: Partial<Statement>,
  leaves?: readonly Leaving[],
): Record {
  const facts = { id, client: id, operation, called, answered, outcome: 'done' } as const
  const nothing = { seen: [], written: [], conflict: false }
  const statements = [{ operation, ...nothing, ...told }]
  return { ...facts, ...nothing, statements, ...(leaves === undefined ? undefined : { leaves }) }
}

const insert = (id: number, sort: number, [called, answered]: Times): Record => ({
  ...{ id, client: id, called, answered, outcome: 'done', seen: [], conflict: false },
  operation: { kind: 'insert', hash: 0, sorts: [sort], onExisting: 'error' },
  written: [{ place: at(sort), made: { row: row(`${id}`), version: id * 10 } }],
})

const total = (id: number, times: Times, totals: readonly TotalRow[], by?: 'n') =>
  statement(id, { kind: 'total', hashes: [0], from: 0, to: 4, ...(by && { by }) }, times, { totals })

const appendToAll = (id: number, times: Times, logs: readonly (readonly [number, string])[]) => {
  const written = logs.map(
    ([sort, log]): WrittenRow => ({ place: at(sort), made: { row: row(log), version: 0 } }),
  )
  const leaves = logs.map(([sort]) => ({ place: at(sort), deletes: false }))
  return statement(id, { kind: 'alter', hashes: [0], from: 0, to: 4 }, times, { written }, leaves)
}

const deleteAll = (id: number, times: Times, logs: readonly (readonly [number, string])[]) => {
  const written = logs.map(
    ([sort, log]): WrittenRow => ({ place: at(sort), made: { row: null, version: 0 }, removed: row(log) }),
  )
  const leaves = logs.map(([sort]) => ({ place: at(sort), deletes: true }))
  return statement(
    id,
    { kind: 'alter', hashes: [0], from: 0, to: 4, deletes: true },
    times,
    { written },
    leaves,
  )
}

const behind = (id: number, times: Times, offset: number, shown: readonly (readonly [number, string])[]) => {
  const first = shown[0]?.[0]
  return statement(id, { kind: 'range', hash: 0, from: 0, to: 4, descending: false, pageSize: 9 }, times, {
    seen: shown.map(([sort, log]) => ({ place: at(sort), row: row(log) })),
    covers: { from: first ?? 0, to: first === undefined ? 0 : 4 },
    ahead: { from: 0, to: first ?? 4, rows: offset, atMost: first === undefined },
  })
}

const ONE: Omit<TotalRow, 'hash'> = {
  rows: 1,
  grown: 0,
  counts: 0,
  amounts: 0,
  firstLog: '1',
  lastLog: '1',
  logs: 1,
}
const TWO: Omit<TotalRow, 'hash'> = { ...ONE, rows: 2, lastLog: '2', logs: 2 }
const MADE = [insert(1, 0, [1, 2]), insert(2, 1, [3, 4])]
const ROWS = [stored(0, '1', 10), stored(1, '2', 20)]
const GROWN = [stored(0, '1,5', 50), stored(1, '2,5', 51)]

const names = (records: readonly Record[], final: readonly FinalRow[], durable: readonly FinalRow[] = []) =>
  judge({ records, final, durable }).anomalies.map(({ name }) => name)

describe('the judge of whole intervals accepts', () => {
  it.each<[string, Record[], FinalRow[], FinalRow[]]>([
    ['what all rows came to', [...MADE, total(5, [5, 6], [{ hash: 0, ...TWO }])], ROWS, []],
    ['what they came to before the last', [...MADE, total(5, [3, 6], [{ hash: 0, ...ONE }])], ROWS, []],
    ['groups', [...MADE, total(5, [5, 6], [{ hash: 0, n: 0, ...TWO }], 'n')], ROWS, []],
    ['no group of no rows', [total(5, [5, 6], [], 'n')], [], []],
    [
      'rows that were all appended to',
      [
        ...MADE,
        appendToAll(
          5,
          [5, 6],
          [
            [0, '1,5'],
            [1, '2,5'],
          ],
        ),
      ],
      GROWN,
      ROWS,
    ],
    [
      'those that were there, and not what came later',
      [...MADE, appendToAll(5, [3, 6], [[0, '1,5']])],
      [stored(0, '1,5', 50), stored(1, '2', 60)],
      ROWS.slice(0, 1),
    ],
    [
      'rows that were all deleted',
      [
        ...MADE,
        deleteAll(
          5,
          [5, 6],
          [
            [0, '1'],
            [1, '2'],
          ],
        ),
      ],
      [],
      ROWS,
    ],
    ['what lies behind the first', [...MADE, behind(5, [5, 6], 1, [[1, '2']])], ROWS, []],
    ['that nothing lies behind all', [...MADE, behind(5, [5, 6], 3, [])], ROWS, []],
  ])('%s', (_, records, final, durable) => {
    expect(names(records, final, durable)).toEqual([])
  })
})

describe('the judge of whole intervals finds', () => {
  it.each<[string, string, Record[], FinalRow[], FinalRow[]]>([
    [
      'a total without an acknowledged row',
      'not linearizable',
      [...MADE, total(5, [5, 6], [{ hash: 0, ...ONE }])],
      ROWS,
      [],
    ],
    [
      'a value that was counted twice',
      'not linearizable',
      [...MADE, total(5, [5, 6], [{ hash: 0, ...TWO, logs: 3 }])],
      ROWS,
      [],
    ],
    ['a group that is missing', 'not linearizable', [...MADE, total(5, [5, 6], [], 'n')], ROWS, []],
    [
      'a row that an append to all passed over',
      'G2 (phantom)',
      [...MADE, appendToAll(5, [5, 6], [[0, '1,5']])],
      [stored(0, '1,5', 50), stored(1, '2', 20)],
      ROWS,
    ],
    [
      'an append to all that was made of some',
      'lost write',
      [
        ...MADE,
        appendToAll(
          5,
          [5, 6],
          [
            [0, '1,5'],
            [1, '2,5'],
          ],
        ),
      ],
      [stored(0, '1,5', 50), stored(1, '2', 20)],
      ROWS,
    ],
    [
      'a row that a deletion of all passed over',
      'G2 (phantom)',
      [...MADE, deleteAll(5, [5, 6], [[0, '1']])],
      [stored(1, '2', 20)],
      ROWS,
    ],
    [
      'more in front than were left out',
      'not linearizable',
      [...MADE, behind(5, [5, 6], 2, [[1, '2']])],
      ROWS,
      [],
    ],
    [
      'a row that was neither shown nor left out',
      'not linearizable',
      [...MADE, behind(5, [5, 6], 1, [])],
      ROWS,
      [],
    ],
  ])('%s', (_, name, records, final, durable) => {
    expect(names(records, final, durable)).toContain(name)
  })

  it('accounts that were summed up to something', () => {
    const operation = { kind: 'total', hashes: [0, 1], from: 0, to: 4, balanced: true } as const
    const totals = [
      { hash: 0, ...ONE, amounts: 3 },
      { hash: 1, ...ONE, amounts: -2 },
    ]
    expect(names([statement(5, operation, [5, 6], { totals })], [])).toContain('wrong total')
  })
})
