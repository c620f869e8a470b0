import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LimitError, TypeMismatchError } from '../errors.js'
import type { Value } from '../values/value.js'
import { assign, evaluate, holds, project } from './evaluate.js'
import type { Expression } from './expression.js'
import { matchesLike } from './like.js'

const item = {
  n: 7,
  s: 'SFO',
  none: null,
  at: new Date(5),
  doc: { list: [1, { deep: 'x' }] },
  big: 10n,
  yes: true,
}
const of = (expression: Expression) => evaluate(expression, { item })
const value = (constant: Value): Expression => ({ kind: 'value', value: constant })
const column = (name: string): Expression => ({ kind: 'column', column: name })

describe('a condition', () => {
  const T = value(true)
  const F = value(false)
  const U = value(null)

  it.each([
    ['and', [T, T], true],
    ['and', [T, U], null],
    ['and', [U, F], false],
    ['and', [], true],
    ['or', [F, F], false],
    ['or', [F, U], null],
    ['or', [U, T], true],
    ['or', [], false],
  ] as const)('joined with %s follows three-valued logic', (kind, operands, expected) => {
    expect(of({ kind, operands })).toBe(expected)
  })

  it('that is unknown stays so under not, and lets nothing pass', () => {
    expect(of({ kind: 'not', operand: U })).toBeNull()
    expect(holds({ kind: 'not', operand: U }, { item })).toBe(false)
    expect(holds(U, { item })).toBe(false)
    expect(holds(undefined, { item })).toBe(true)
  })

  it.each([
    [1, [2, 1], true],
    [1, [2], false],
    [1, [2, null], null],
    [1, [1, null], true],
    [null, [1], null],
    [null, [], false],
  ])('%o in %o is %o', (operand, list, expected) => {
    expect(of({ kind: 'in', operand: value(operand), list: list.map(value) })).toBe(expected)
  })

  it('is never unknown when it asks whether values are identical', () => {
    expect(of({ kind: 'identical', left: column('none'), right: U })).toBe(true)
    expect(of({ kind: 'identical', left: column('missing'), right: U })).toBe(true)
    expect(of({ kind: 'identical', left: column('n'), right: U })).toBe(false)
  })

  it('knows whether there is an item', () => {
    expect(of({ kind: 'exists' })).toBe(true)
    expect(evaluate({ kind: 'exists' }, { item: undefined })).toBe(false)
  })

  it('is refused when text stands where truth is wanted', () => {
    expect(() => of({ kind: 'not', operand: column('s') })).toThrow(TypeMismatchError)
  })

  it('of a kind that this version does not know is refused, never true or false', () => {
    expect(() => of({ kind: 'later' } as never)).toThrow(TypeMismatchError)
    expect(() =>
      of({ kind: 'compare', operator: '~' as never, left: column('n'), right: value(1) }),
    ).toThrow()
  })
})

describe('like', () => {
  it.each([
    ['', '', true],
    ['', '%', true],
    ['abc', 'a%', true],
    ['abc', '%c', true],
    ['abc', '%b%', true],
    ['abc', '_b_', true],
    ['abc', '__', false],
    ['abc', 'A%', false],
    ['a%c', 'a\\%c', false],
    ['a\\%c', 'a\\%c', true],
    ['😀x', '_x', true],
    ['aaab', '%aab', true],
    ['mississippi', '%iss%ip%i', true],
    ['mississippi', '%iss%ipx%', false],
  ])('%j like %j is %o', (text, pattern, expected) => {
    expect(matchesLike(text, pattern)).toBe(expected)
  })

  it('takes no time on patterns made to take long', () => {
    expect(matchesLike('a'.repeat(5_000), `${'%a'.repeat(400)}%b`)).toBe(false)
    expect(matchesLike('a'.repeat(500_000), `%${'a'.repeat(900)}b%`)).toBe(false)
    expect(() => matchesLike('a', 'a'.repeat(1_001))).toThrow(LimitError)
  })

  it('is what a regular expression says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '.'), maxLength: 12 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '.', '_', '%'), maxLength: 8 })
    fc.assert(
      fc.property(text, pattern, (text, pattern) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('%', '.*').replaceAll('_', '.')
        expect(matchesLike(text, pattern)).toBe(new RegExp(`^(?:${source})$`, 'su').test(text))
      }),
      { numRuns: 3_000 },
    )
  })

  it('is unknown with null and refused with what is no text', () => {
    const like = (operand: Expression): Expression => ({ kind: 'like', operand, pattern: value('%') })
    expect(of(like(column('none')))).toBeNull()
    expect(() => of(like(column('n')))).toThrow(TypeMismatchError)
  })
})

describe('arithmetic', () => {
  const calculate = (left: Value, operator: '+' | '-' | '*' | '/' | '%', right: Value) =>
    of({ kind: 'arithmetic', operator, left: value(left), right: value(right) })

  it.each<[Value, '+' | '-' | '*' | '/' | '%', Value, Value]>([
    [1, '+', 2, 3],
    [7, '/', 2, 3.5],
    [7, '/', 0, null],
    [7, '%', 0, null],
    [7.9, '%', 2.9, 1],
    [-7, '%', 3, -1],
    [1e300, '%', 10, 7],
    [null, '+', 1, null],
    [Number.POSITIVE_INFINITY, '-', Number.POSITIVE_INFINITY, null],
    [7n, '/', 2n, 3n],
    [7n, '%', 0n, null],
    [7n, '+', 1, 8n],
    [1, '-', 7n, -6n],
    [7n, '*', 0.5, 3.5],
    [2n ** 64n, '*', 2n, 2n ** 65n],
  ])('%o %s %o is %o', (left, operator, right, expected) => {
    expect(calculate(left, operator, right)).toBe(expected)
  })

  it.each<[Value, Value]>([
    ['a', 1],
    [new Date(0), 1],
    [true, 1],
    [[1], 1],
  ])('is refused for %o and %o', (left, right) => {
    expect(() => calculate(left, '+', right)).toThrow(TypeMismatchError)
    expect(() => calculate(right, '+', left)).toThrow(TypeMismatchError)
  })
})

describe('a path', () => {
  const path = (...legs: (string | number | { fromEnd: number })[]) =>
    of({ kind: 'path', operand: column('doc'), legs })

  it.each([
    [['list', 0], 1],
    [['list', 1, 'deep'], 'x'],
    [['list', { fromEnd: 1 }, 'deep'], 'x'],
    [['list', { fromEnd: 3 }], null],
    [['list', 9], null],
    [['list', 'length'], null],
    [['toString'], null],
    [['nothing', 'here'], null],
  ])('%j leads to %o', (legs, expected) => {
    expect(path(...legs)).toEqual(expected)
  })
})

describe('an update', () => {
  it('computes all its values from the item as it was', () => {
    const swapped = assign(
      [
        { column: 'a', value: column('b') },
        { column: 'b', value: column('a') },
      ],
      { item: { a: 1, b: 2 } },
    )
    expect(swapped).toEqual({ a: 2, b: 1 })
  })

  it('of an upsert can read the item that was brought', () => {
    const proposed: Expression = { kind: 'column', column: 'n', of: 'proposed' }
    expect(assign([{ column: 'n', value: proposed }], { item: { n: 1, m: 1 }, proposed: { n: 2 } })).toEqual({
      n: 2,
      m: 1,
    })
  })
})

describe('a projection', () => {
  it('takes columns, computations and everything, the last of one name winning', () => {
    expect(
      project(
        [
          { kind: 'all' },
          { kind: 'as', name: 'a', value: value('new') },
          { kind: 'as', name: 'c', value: column('b') },
        ],
        { a: 1, b: 2 },
      ),
    ).toEqual({ a: 'new', b: 2, c: 2 })
  })
})

describe('what a newer version may send', () => {
  it.each([
    { kind: 'arithmetic', operator: '**', left: value(2), right: value(3) },
    { kind: 'arithmetic', operator: '**', left: value(2n), right: value(3n) },
    { kind: 'compare', operator: '~', left: column('n'), right: value(null) },
    { kind: 'compare', operator: '~', left: column('n'), right: value(1) },
    { kind: 'median' },
  ])('is refused, not guessed: %o', (expression) => {
    expect(() => of(expression as never)).toThrow(TypeMismatchError)
  })
})

describe('columns of any name', () => {
  it.each(['__proto__', 'constructor', 'prototype'])('%s is not lost silently', (name) => {
    expect(Object.keys(assign([{ column: name, value: value(1) }], { item: {} }))).toEqual([name])
    expect(Object.keys(project([{ kind: 'as', name, value: column('n') }], item))).toEqual([name])
  })
})
