import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TypeMismatchError } from '../errors.js'
import { column, compare } from '../expressions/build.js'
import type { Item, Value } from '../values/value.js'
import type { Aggregate, Aggregation } from './aggregation.js'
import { answerGroups } from './answer-groups.js'
import { addExactly, roundSum } from './exact-sum.js'
import { Groups } from './groups.js'

const sum = (numbers: readonly number[]) => {
  const parts: number[] = []
  for (const number of numbers) addExactly(parts, number)
  return roundSum(parts)
}

/** All aggregates of one column. */
const aggregates: readonly Aggregate[] = [
  { name: 'rows', function: 'count' },
  { name: 'count', function: 'count', operand: column('x') },
  { name: 'distinct', function: 'count', operand: column('x'), distinct: true },
  { name: 'sum', function: 'sum', operand: column('x') },
  { name: 'avg', function: 'avg', operand: column('x') },
  { name: 'min', function: 'min', operand: column('x') },
  { name: 'max', function: 'max', operand: column('x') },
  { name: 'some', function: 'sum', operand: column('x'), filter: compare(column('x'), '>', 0) },
]
const byG: Aggregation = { groups: [{ name: 'g', value: column('g') }], aggregates }

function grouped(items: readonly Item[], aggregation = byG): Item[] {
  const groups = new Groups(aggregation)
  for (const item of items) groups.add(item)
  return groups.rows()
}

const ofAll = (...values: Value[]) =>
  grouped(
    values.map((x) => ({ x })),
    { groups: [], aggregates },
  )[0] as Item

describe('an exact sum', () => {
  it('is the number that is nearest to the sum, in whatever order it is added', () => {
    const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 })
    fc.assert(
      fc.property(fc.array(anyDouble, { maxLength: 12 }), (numbers) => {
        const exact = sum(numbers)
        expect(sum([...numbers].reverse())).toBe(exact)
        expect(sum([...numbers].sort())).toBe(exact)
        expect(exact).toBe(exactly(numbers))
      }),
      { numRuns: 500 },
    )
    expect(sum([0.1, 0.2, 0.3, -0.1, -0.2, -0.3])).toBe(0)
    expect(sum([1e16, 1, -1e16])).toBe(1)
  })

  it('rounds what lies exactly in the middle of two numbers by what is left', () => {
    const tiny = 2 ** -53
    expect(sum([1, tiny])).toBe(1)
    expect(sum([1, tiny, 2 ** -150])).toBe(1 + 2 ** -52)
    expect(sum([1 + 2 ** -52, tiny, -(2 ** -150)])).toBe(1 + 2 ** -52)
  })
})

describe('groups', () => {
  const aNumber = fc.oneof(
    fc.integer({ min: -50, max: 50 }).map((n) => n / 4),
    fc.constant(null),
  )
  const anItem = fc.record({ g: fc.constantFrom<Value>('a', 'b', null), x: aNumber })

  it('come to what SQLite computes', () => {
    const sqlite = new DatabaseSync(':memory:')
    sqlite.exec('create table t (g text, x real)')
    const insert = sqlite.prepare('insert into t values (?, ?)')
    const query = sqlite.prepare(`select g, count(*) "rows", count(x) "count", count(distinct x) "distinct",
      sum(x) "sum", avg(x) "avg", min(x) "min", max(x) "max", sum(x) filter (where x > 0) "some"
      from t group by g order by g`)
    fc.assert(
      fc.property(fc.array(anItem, { maxLength: 30 }), (items) => {
        sqlite.exec('delete from t')
        for (const { g, x } of items) insert.run(g as string, x)
        const expected = query.all().map((row) => ({ ...row }))
        expect(grouped(items).map((row) => ({ ...row }))).toEqual(expected)
      }),
    )
  })

  it('are the same whoever has added what, and whoever merges it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anItem, fc.nat(3)), { maxLength: 30 }), (placed) => {
        const parts = [0, 1, 2, 3].map(() => new Groups(byG))
        for (const [item, place] of placed) parts[place]?.add(item)
        const merged = new Groups(byG)
        for (const part of parts) merged.merge(structuredClone(part.partials()))
        expect(merged.rows()).toEqual(grouped(placed.map(([item]) => item)))
      }),
    )
  })

  it('of nothing are none, and everything is one group where nothing tells groups apart', () => {
    expect(grouped([])).toEqual([])
    expect({ ...ofAll() }).toEqual({
      rows: 0,
      count: 0,
      distinct: 0,
      sum: null,
      avg: null,
      min: null,
      max: null,
      some: null,
    })
  })

  it('come in the order of their values, null before all', () => {
    const items = ['b', null, 'ä', 'a', '😀', '\uffff'].map((g) => ({ g }))
    expect(grouped(items).map(({ g }) => g)).toEqual([null, 'a', 'b', 'ä', '\uffff', '😀'])
  })

  it('are told apart by type', () => {
    expect(grouped([{ g: 1 }, { g: '1' }, { g: true }, { g: 1 }]).map(({ rows }) => rows)).toEqual([1, 2, 1])
  })

  it('are named by what can stand in a key', () => {
    expect(() => grouped([{ g: { a: 1 } }])).toThrow(TypeMismatchError)
    expect(() => ofAll([1])).toThrow(TypeMismatchError)
  })
})

describe('sum and avg', () => {
  const sumAndAvg = (...values: Value[]) => {
    const groups = new Groups({ groups: [], aggregates: aggregates.slice(3, 5) })
    for (const x of values) groups.add({ x })
    const [row] = groups.rows()
    return [row?.sum, row?.avg]
  }

  it.each<[readonly Value[], Value, Value]>([
    [[1, 2, null], 3, 1.5],
    [[1n, 2n], 3n, 1.5],
    [[1n, 2], 3n, 1.5],
    [[1n, 0.5], 1.5, 0.75],
    [[2n ** 70n, 1n], 2n ** 70n + 1n, 2 ** 69],
    [[true, false, true], 2, 2 / 3],
    [[Number.NaN, 1], 1, 1],
    [[Number.POSITIVE_INFINITY, 1], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], null, null],
    [[1e308, 1e308], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [[1e308, 1e308, -1e308], 1e308, 1e308 / 3],
    [[Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, -Number.MAX_VALUE, 0.5], 0.5, 0.1],
    [[1e300, 2n ** 70n, -1e300], 2n ** 70n, 2 ** 70 / 3],
    [[1e300, 1, -1e300], 1, 1 / 3],
    [[null], null, null],
  ])('of %o are %o and %o', (values, total, average) => {
    expect(sumAndAvg(...values)).toEqual([total, average])
  })

  it('take no text', () => {
    expect(() => sumAndAvg('1')).toThrow(TypeMismatchError)
  })
})

describe('min and max', () => {
  const least = (...values: Value[]) => {
    const groups = new Groups({ groups: [], aggregates: aggregates.slice(5, 7) })
    for (const x of values) groups.add({ x })
    const [row] = groups.rows()
    return [row?.min, row?.max]
  }

  it.each<[readonly Value[], Value, Value]>([
    [['b', 'a', null], 'a', 'b'],
    [['\uffff', '😀'], '\uffff', '😀'],
    [[new Date(5), new Date(3)], new Date(3), new Date(5)],
    [[true, false], false, true],
    [[2n, 1.5], 1.5, 2n],
    [['a', 5], 'a', 5],
    [[Uint8Array.of(2), Uint8Array.of(1, 9)], Uint8Array.of(1, 9), Uint8Array.of(2)],
  ])('of %o are %o and %o', (values, min, max) => {
    expect(least(...values)).toEqual([min, max])
  })

  it('are of values that have an order', () => {
    expect(() => least({ a: 1 })).toThrow(TypeMismatchError)
  })
})

describe('the answer', () => {
  const rows = [
    { g: 'a', n: 2 },
    { g: 'b', n: null },
    { g: 'c', n: 1 },
  ]
  const projection = [{ kind: 'as', name: 'g', value: column('g') }] as const
  const answer = (options: Partial<Parameters<typeof answerGroups>[1]>) =>
    answerGroups(rows, { projection, ...options }).map(({ g }) => g)

  it('is ordered as it is wanted, null first and last the other way round', () => {
    expect(answer({ orderBy: [{ value: column('n'), direction: 'ascending' }] })).toEqual(['b', 'c', 'a'])
    expect(answer({ orderBy: [{ value: column('n'), direction: 'descending' }] })).toEqual(['a', 'c', 'b'])
  })

  it('leaves out what does not pass, then what is in front, then what is too much', () => {
    expect(answer({ having: compare(column('n'), '>', 0) })).toEqual(['a', 'c'])
    expect(answer({ having: compare(column('n'), '>', 0), offset: 1 })).toEqual(['c'])
    expect(answer({ offset: 1, limit: 1 })).toEqual(['b'])
  })
})

/** The sum with integers: every double is a multiple of the smallest one. */
function exactly(numbers: readonly number[]): number {
  const SCALE = 1074
  const integer = numbers.reduce((total, number) => total + scaled(number), 0n)
  const negative = integer < 0n
  const magnitude = negative ? -integer : integer
  const bits = magnitude.toString(2).length
  // A bigint becomes the nearest double; to scale it back is exact, as none of these sums is below all doubles.
  const drop = Math.max(0, bits - 64)
  const kept = magnitude >> BigInt(drop)
  const sticky = kept << BigInt(drop) === magnitude ? 0n : 1n
  const near = Number((kept << 1n) | sticky) / 2
  const shift = drop - SCALE
  const half = Math.trunc(shift / 2)
  const value = near * 2 ** half * 2 ** (shift - half)
  return negative ? -value : value

  function scaled(number: number): bigint {
    let exponent = 0
    let mantissa = number
    while (!Number.isInteger(mantissa)) {
      mantissa *= 2
      exponent++
    }
    return BigInt(mantissa) << BigInt(SCALE - exponent)
  }
}
