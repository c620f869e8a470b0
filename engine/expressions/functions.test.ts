import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TypeMismatchError } from '../errors.js'
import type { Value } from '../values/value.js'
import { evaluate } from './evaluate.js'
import type { CastType, Expression, PathLeg, ScalarFunction } from './expression.js'

const sqlite = new DatabaseSync(':memory:')

/** What SQLite makes of an expression over some values. */
function inSqlite(expression: string, ...values: SQLInputValue[]): unknown {
  const statement = sqlite.prepare(`select ${expression} as answer`)
  statement.setReadBigInts(true)
  return statement.get(...values)?.answer
}

function inEngine(name: ScalarFunction, ...values: Value[]): Value {
  const operands = values.map((value): Expression => ({ kind: 'value', value }))
  return evaluate({ kind: 'call', function: name, operands }, { item: undefined })
}

function castTo(to: CastType, value: Value): Value {
  return evaluate({ kind: 'cast', operand: { kind: 'value', value }, to }, { item: undefined })
}

/** Numbers that have a short decimal form, and others. */
const aNumber = fc.oneof(
  fc.integer({ min: -4000, max: 4000 }).map((n) => n / 16),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 1000),
  fc.double({ min: -1e9, max: 1e9, noNaN: true }),
)
const aText = fc.string({
  unit: fc.constantFrom('a', 'B', 'z', 'É', '😀', ' ', '\t', '1', 'ß'),
  maxLength: 8,
})
const aPlace = fc.integer({ min: -10, max: 10 })

describe('functions, as SQLite has them', () => {
  it.each(['lower', 'upper', 'length', 'trim', 'ltrim', 'rtrim'] as const)('%s of texts', (name) => {
    fc.assert(
      fc.property(aText, (text) => {
        const expected = inSqlite(`${name}(?)`, text)
        expect(inEngine(name, text)).toEqual(typeof expected === 'bigint' ? Number(expected) : expected)
      }),
    )
  })

  it.each(['trim', 'ltrim', 'rtrim'] as const)('%s of other characters than spaces', (name) => {
    fc.assert(
      fc.property(aText, aText, (text, unwanted) => {
        expect(inEngine(name, text, unwanted)).toBe(inSqlite(`${name}(?, ?)`, text, unwanted))
      }),
    )
  })

  it('substr from any place, for any length', () => {
    fc.assert(
      fc.property(aText, aPlace, fc.option(aPlace), (text, place, length) => {
        const values = length === null ? [place] : [place, length]
        const holes = length === null ? '?, ?' : '?, ?, ?'
        expect(inEngine('substr', text, ...values)).toBe(
          inSqlite(`substr(${holes})`, text, ...values.map(BigInt)),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('abs and round of numbers', () => {
    fc.assert(
      fc.property(aNumber, fc.integer({ min: -2, max: 6 }), (number, digits) => {
        expect(inEngine('abs', number)).toBe(inSqlite('abs(? * 1.0)', number))
        expect(inEngine('round', number)).toEqual(plus0(inSqlite('round(? * 1.0)', number)))
        expect(inEngine('round', number, digits)).toEqual(
          plus0(inSqlite('round(? * 1.0, ?)', number, BigInt(digits))),
        )
      }),
      { numRuns: 1_000 },
    )
    expect(inEngine('abs', -5n)).toBe(5n)
    expect(inEngine('round', -5n, 1)).toBe(-5n)
    expect(inEngine('round', 2 ** 60)).toBe(2 ** 60)
  })

  it('concat, coalesce and nullif with nulls', () => {
    const aPart = fc.option(aText)
    fc.assert(
      fc.property(aPart, aPart, aPart, (a, b, c) => {
        for (const name of ['concat', 'coalesce'] as const) {
          expect(inEngine(name, a, b, c)).toBe(inSqlite(`${name}(?, ?, ?)`, a, b, c))
        }
        expect(inEngine('nullif', a, b)).toBe(inSqlite('nullif(?, ?)', a, b))
      }),
    )
  })

  it.each(['lower', 'length', 'abs', 'round', 'trim', 'substr'] as const)('%s of null is null', (name) => {
    expect(inEngine(name, null, 1)).toBeNull()
  })

  it.each([
    ['lower', 5],
    ['length', 5],
    ['length', { a: 1 }],
    ['abs', '5'],
    ['round', new Date(5)],
    ['concat', 5],
    ['trim', 5],
    ['substr', true],
  ] as const)('%s does not take %o', (name, value) => {
    expect(() => inEngine(name, value as Value, 1)).toThrow(TypeMismatchError)
  })

  it('length of bytes is their number', () => {
    expect(inEngine('length', Uint8Array.of(1, 2))).toBe(2)
  })
})

describe('casts, as SQLite has them', () => {
  const aNumberText = fc.oneof(
    fc.stringMatching(/^[ \t]{0,2}[+-]?[0-9]{0,22}\.?[0-9]{0,3}([eE][+-]?[0-9]{1,2})?[a-z ]{0,2}$/),
    aText,
  )

  it('of texts to numbers', () => {
    fc.assert(
      fc.property(aNumberText, (text) => {
        expect(castTo('bigint', text)).toBe(inSqlite('cast(? as integer)', text))
        expect(castTo('integer', text)).toBe(Number(inSqlite('cast(? as integer)', text)))
        expect(castTo('real', text)).toBeCloseTo(inSqlite('cast(? as real)', text) as number, 6)
      }),
      { numRuns: 1_000 },
    )
  })

  it('of numbers to integers', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (number) => {
        expect(castTo('bigint', number)).toBe(inSqlite('cast(? as integer)', number))
      }),
    )
    expect(castTo('integer', -2.9)).toBe(-2)
    expect(castTo('integer', 2n ** 70n)).toBe(2n ** 70n)
  })

  it.each([
    ['text', 5, '5'],
    ['text', 0.1, '0.1'],
    ['text', 5n, '5'],
    ['text', true, '1'],
    ['text', 'a', 'a'],
    ['text', null, null],
    ['integer', true, 1],
    ['integer', new Date(5), 5],
    ['bigint', new Date(5), 5n],
    ['real', 5n, 5],
    ['real', false, 0],
    ['real', Number.NaN, null],
  ] as const)('to %s, of %o, gives %o', (to, value, expected) => {
    expect(castTo(to, value)).toBe(expected)
  })

  it.each([
    ['text', { a: 1 }],
    ['text', new Date(5)],
    ['integer', [1]],
    ['real', Uint8Array.of(1)],
  ] as const)('to %s does not take %o', (to, value) => {
    expect(() => castTo(to, value as Value)).toThrow(TypeMismatchError)
  })
})

describe('a place inside a nested value', () => {
  const aLeg: fc.Arbitrary<PathLeg> = fc.oneof(
    fc.constantFrom('a', 'b'),
    fc.integer({ min: 0, max: 3 }),
    fc.record({ fromEnd: fc.integer({ min: 0, max: 2 }) }),
  )
  const { nested } = fc.letrec((tie) => ({
    nested: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, 1, 'x', true),
      fc.array(tie('nested'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('nested'), { maxKeys: 2, noNullPrototype: true }),
    ),
  }))

  it('is set as json_set sets it', () => {
    fc.assert(
      fc.property(nested, fc.array(aLeg, { minLength: 1, maxLength: 3 }), (value, legs) => {
        const path = legs.map((leg) =>
          typeof leg === 'string' ? `.${leg}` : typeof leg === 'number' ? `[${leg}]` : fromEnd(leg.fromEnd),
        )
        const before = JSON.stringify(value)
        const answer = evaluate(
          {
            kind: 'setPath',
            operand: { kind: 'value', value: value as Value },
            legs,
            value: { kind: 'value', value: 9 },
          },
          { item: undefined },
        )
        // A value that is SQL's null stays null; one inside JSON is a value.
        const expected =
          value === null
            ? null
            : JSON.parse(inSqlite('json_set(?, ?, 9)', before, `$${path.join('')}`) as string)
        expect(answer).toEqual(expected)
        expect(JSON.stringify(value)).toBe(before)
      }),
      { numRuns: 2_000 },
    )
  })

  it('may have any name', () => {
    const answer = evaluate(
      {
        kind: 'setPath',
        operand: { kind: 'value', value: {} },
        legs: ['__proto__'],
        value: { kind: 'value', value: 1 },
      },
      { item: undefined },
    )
    expect(Object.hasOwn(answer as object, '__proto__')).toBe(true)
  })

  const fromEnd = (places: number) => (places === 0 ? '[#]' : `[#-${places}]`)
})

describe('case', () => {
  const branch = (when: Value, constant: Value) => ({
    when: { kind: 'value', value: when } as const,
    value: { kind: 'value', value: constant } as const,
  })

  it('takes the first branch whose condition holds, unknown being no', () => {
    const branches = [branch(null, 1), branch(false, 2), branch(true, 3), branch(true, 4)]
    expect(evaluate({ kind: 'case', branches }, { item: undefined })).toBe(3)
  })

  it('is otherwise what else says, or null', () => {
    const branches = [branch(false, 1)]
    const otherwise = { kind: 'value', value: 2 } as const
    expect(evaluate({ kind: 'case', branches, otherwise }, { item: undefined })).toBe(2)
    expect(evaluate({ kind: 'case', branches }, { item: undefined })).toBeNull()
  })
})

function plus0(value: unknown): unknown {
  return value === 0 ? expect.closeTo(0, 10) : value
}
