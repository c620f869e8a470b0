import { describe, expect, it } from 'vitest'
import type { Record } from '../record.js'
import type { Operation, Row } from '../workloads/operation.js'
import { judge } from './judge.js'
import { checkLinearizability } from './linearizability.js'
import type { FinalRow } from './to-history.js'

const row = (log: string, n = log.split(',').length - 1): Row => ({ n, log, pad: 0, amount: 0 })
const at = (sort = 0) => ({ hash: 0, sort })

interface Told {
  /** The row that a read saw, or that a write made or removed. */
  readonly row?: Row | null
  readonly version?: number
  readonly because?: 'exists' | 'absent' | 'condition'
  readonly conflict?: boolean
}

/** One operation, called and answered at these times; without the second, nobody knows what became of it. */
function record(
  id: number,
  operation: Operation,
  [called, answered]: [number, number?],
  told: Told = {},
): Record {
  const { row: seen = null, version, because, conflict = false } = told
  const place = 'at' in operation ? operation.at : at()
  const facts = {
    id,
    client: id,
    operation,
    called,
    answered,
    outcome: answered === undefined ? 'unknown' : 'done',
    conflict,
  } as const
  if (answered === undefined || conflict) return { ...facts, seen: [], written: [] }
  if (operation.kind === 'get') {
    return {
      ...facts,
      seen: [version === undefined ? { place, row: seen } : { place, row: seen, version }],
      written: [],
    }
  }
  if (because !== undefined) return { ...facts, seen: [], written: [{ place, because }] }
  const made = { row: operation.kind === 'delete' ? null : seen, version: version ?? id }
  const removed = operation.kind === 'delete' && seen !== null ? { removed: seen } : {}
  return { ...facts, seen: [], written: [{ place, made, ...removed }] }
}

const put = (id: number, times: [number, number?]) =>
  record(id, { kind: 'put', at: at(), large: false }, times, { row: row(`${id}`) })
const append = (id: number, times: [number, number?], log = '') =>
  record(id, { kind: 'append', at: at() }, times, log === '' ? { because: 'absent' } : { row: row(log) })
const get = (id: number, times: [number, number?], log?: string) =>
  record(id, { kind: 'get', at: at() }, times, { row: log === undefined ? null : row(log) })
const remove = (id: number, times: [number, number?], log?: string) =>
  record(
    id,
    { kind: 'delete', at: at() },
    times,
    log === undefined ? { because: 'absent' } : { row: row(log) },
  )
const insert = (id: number, times: [number, number?], conflict = false) =>
  record(id, { kind: 'insert', hash: 0, sorts: [0], onExisting: 'error' }, times, {
    row: row(`${id}`),
    conflict,
  })
const page = (
  id: number,
  times: [number, number],
  covers: { from: number; to: number },
  logs: [number, string][],
): Record => ({
  ...record(id, { kind: 'range', hash: 0, from: 0, to: 9, descending: false, pageSize: 9 }, times),
  seen: logs.map(([sort, log]) => ({ place: at(sort), row: row(log) })),
  covers,
  written: [],
})

describe('operations on one hash key', () => {
  it.each<[string, Record[]]>([
    [
      'that never overlap',
      [
        put(1, [1, 2]),
        append(2, [3, 4], '1,2'),
        get(3, [5, 6], '1,2'),
        remove(4, [7, 8], '1,2'),
        get(5, [9, 10]),
      ],
    ],
    ['of which a read overlaps a write and sees it', [put(1, [1, 10]), get(2, [2, 3], '1')]],
    ['of which a read overlaps a write and does not', [put(1, [1, 10]), get(2, [2, 3])]],
    [
      'of which two overlap and took effect the other way round',
      [put(1, [1, 10]), put(2, [2, 9]), get(3, [11, 12], '1')],
    ],
    ['with one that nobody knows of, and happened late', [put(1, [1]), get(2, [2, 3]), get(4, [5, 6], '1')]],
    ['with one that nobody knows of, and never happened', [put(1, [1]), get(2, [2, 3]), get(3, [4, 5])]],
    [
      'with an insert that met what nobody knows of',
      [insert(1, [1]), insert(2, [2, 3], true), get(3, [4, 5], '1')],
    ],
    [
      'with a delete that nobody knows of, between two reads',
      [put(1, [1, 2]), remove(2, [3]), get(3, [4, 5], '1'), get(4, [6, 7])],
    ],
    [
      'with a condition that did not hold',
      [put(1, [1, 2]), record(2, { kind: 'append', at: at(), if: 3 }, [3, 4], { because: 'condition' })],
    ],
    [
      'with pages that see what is there',
      [
        put(1, [1, 2]),
        page(2, [3, 4], { from: 0, to: 5 }, [[0, '1']]),
        page(3, [5, 6], { from: 1, to: 9 }, []),
      ],
    ],
    [
      'with a page during an insert of several rows',
      [
        record(1, { kind: 'insert', hash: 0, sorts: [1, 2], onExisting: 'ignore' }, [1]),
        page(2, [2, 3], { from: 0, to: 9 }, [
          [1, '1'],
          [2, '1'],
        ]),
      ],
    ],
    [
      'with one that nobody knows of, at a place before that of another',
      [
        record(1, { kind: 'insert', hash: 0, sorts: [1], onExisting: 'ignore' }, [1]),
        insert(2, [2]),
        page(3, [3, 4], { from: 0, to: 9 }, [
          [0, '2'],
          [1, '1'],
        ]),
      ],
    ],
    ['after which a delete found nothing', [remove(1, [1, 2]), append(2, [3, 4])]],
  ])('can be put in order: those %s', (_, records) => {
    expect(checkLinearizability(records)).toEqual({ kind: 'linearizable' })
  })

  it.each<[string, number, Record[]]>([
    ['a read of what was not there yet', 2, [get(2, [1, 2], '1'), put(1, [3, 4])]],
    ['a read that missed what was acknowledged', 2, [put(1, [1, 2]), get(2, [3, 4])]],
    ['a read that went back behind another', 3, [put(1, [1, 10]), get(2, [2, 3], '1'), get(3, [4, 5])]],
    [
      'two appends on top of the same row',
      3,
      [put(1, [1, 2]), append(2, [3, 8], '1,2'), append(3, [4, 9], '1,3')],
    ],
    [
      'a condition that did not hold and was taken to',
      2,
      [put(1, [1, 2]), record(2, { kind: 'append', at: at(), if: 3 }, [3, 4], { row: row('1,2') })],
    ],
    ['two inserts that both won', 2, [insert(1, [1, 2]), insert(2, [3, 4])]],
    ['an insert that met a row that nobody made', 1, [insert(1, [1, 2], true)]],
    [
      'a delete that found what was deleted',
      3,
      [put(1, [1, 2]), remove(2, [3, 4], '1'), remove(3, [5, 6], '1')],
    ],
    [
      'a write that came back after its delete',
      3,
      [put(1, [1, 2]), remove(2, [3, 4], '1'), get(3, [5, 6], '1')],
    ],
    ['an append that happened twice', 3, [put(1, [1, 2]), append(2, [3, 4], '1,2'), get(3, [5, 6], '1,2,2')]],
    ['a page that lost a row', 2, [put(1, [1, 2]), page(2, [3, 4], { from: 0, to: 9 }, [])]],
    [
      'a page with half of a statement',
      2,
      [
        record(1, { kind: 'insert', hash: 0, sorts: [1, 2], onExisting: 'ignore' }, [1]),
        page(2, [2, 3], { from: 0, to: 9 }, [[1, '1']]),
      ],
    ],
  ])('cannot be put in order with %s', (_, stuck, records) => {
    expect(checkLinearizability(records)).toMatchObject({ kind: 'not linearizable', stuck: { id: stuck } })
  })

  it('may be too many at once to try all orders', () => {
    const records = Array.from({ length: 40 }, (_, i) =>
      record(i + 1, { kind: 'append', at: at(), if: 1_000 }, [i + 1]),
    )
    const blind = Array.from({ length: 30 }, (_, i) => put(100 + i, [100 + i]))
    expect(checkLinearizability([...records, ...blind, get(999, [500, 501], '77')]).kind).toBe('undecided')
  })
})

describe('a run', () => {
  const names = (records: Record[], final: FinalRow[]) =>
    judge({ records, final }).anomalies.map(({ name }) => name)
  const end = (log: string, version: number): FinalRow[] => [{ place: at(), row: row(log), version }]

  it('with nothing wrong has no anomalies', () => {
    expect(names([put(1, [1, 2]), append(2, [3, 4], '1,2'), get(3, [5, 6], '1,2')], end('1,2', 2))).toEqual(
      [],
    )
  })

  it.each<[string, Record[], FinalRow[]]>([
    ['duplicate write', [put(1, [1, 2]), append(2, [3, 4], '1,2')], end('1,2,2', 3)],
    [
      'G1a (aborted read)',
      [put(1, [1, 2]), { ...append(2, [3, 4], '1,2'), outcome: 'refused', written: [] }],
      end('1,2', 2),
    ],
    ['G1a (aborted read)', [put(1, [1, 2]), append(2, [3, 4])], end('1,2', 2)],
    ['broken storage', [put(1, [1, 2])], end('1,77', 2)],
    ['lost write', [put(1, [1, 2]), append(2, [3, 4], '1,2')], end('1', 1)],
    ['lost write', [put(1, [1, 2])], []],
    ['lost write', [put(1, [1, 2]), append(2, [3, 4], '1,2'), append(3, [5, 6], '1,3')], end('1,3', 3)],
    ['lost update', [put(1, [1, 2]), append(2, [3, 6], '1,2'), append(3, [4, 5], '1,3')], end('1,3', 3)],
    [
      'version reuse',
      [
        put(1, [1, 2]),
        { ...put(2, [3, 4]), written: [{ place: at(), made: { row: row('2'), version: 1 } }] },
      ],
      end('2', 1),
    ],
    ['version order violation', [put(5, [1, 2]), put(2, [3, 4])], end('2', 2)],
    ['G2 (phantom)', [put(1, [1, 2]), page(2, [3, 4], { from: 0, to: 9 }, [])], end('1', 1)],
    [
      'stale read',
      [
        put(1, [1, 2]),
        append(2, [3, 4], '1,2'),
        { ...get(3, [5, 6], '1'), seen: [{ place: at(), row: row('1'), version: 1 }] },
      ],
      end('1,2', 2),
    ],
    [
      'fractured write',
      [
        { ...record(1, { kind: 'insert', hash: 0, sorts: [1, 2], onExisting: 'error' }, [1]) },
        page(2, [2, 3], { from: 0, to: 9 }, [[1, '1']]),
      ],
      [
        { place: at(1), row: row('1'), version: 1 },
        { place: at(2), row: row('1'), version: 2 },
      ],
    ],
  ])('is said to have a %s', (name, records, final) => {
    expect(names(records, final)[0]).toBe(name)
  })
})
