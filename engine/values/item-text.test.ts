import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidValueError } from '../errors.js'
import { columnOf, decodeItem, encodeItem, type ItemText, textBytes } from './item-text.js'
import type { Item, Value } from './value.js'

/** The format, to be read in both directions. */
const FORMAT: readonly (readonly [Item, string])[] = [
  [{}, '{}'],
  [{ a: 1, b: 'x', c: null, d: true }, '{"a":1,"b":"x","c":null,"d":true}'],
  [{ a: { b: [1, { c: 'd' }] } }, '{"a":{"b":[1,{"c":"d"}]}}'],
  [{ at: new Date(0) }, '[{"at":"1970-01-01T00:00:00.000Z"},{"at":["Date"]}]'],
  [{ n: 12n }, '[{"n":"12"},{"n":["bigint"]}]'],
  [{ x: Uint8Array.from([1, 2, 255]) }, '[{"x":"AQL/"},{"x":[["custom","bytes"]]}]'],
  [{ n: -0 }, '[{"n":"-0"},{"n":["number"]}]'],
  [{ n: Number.NaN }, '[{"n":"NaN"},{"n":["number"]}]'],
  [{ s: new Set([1, 'a']) }, '[{"s":[1,"a"]},{"s":["set"]}]'],
  [{ m: new Map([['k', 1n]]) }, '[{"m":[["k","1"]]},{"m":["map",{"0.1":["bigint"]}]}]'],
  [{ 'a.b': new Date(0) }, '[{"a.b":"1970-01-01T00:00:00.000Z"},{"a\\\\.b":["Date"]}]'],
]

const field = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a.b', 'a\\', '\\.', '0', 'toString'))
  .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
const value = fc.letrec<{ value: Value; nested: Value }>((tie) => ({
  nested: fc.oneof(
    { maxDepth: 3 },
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(field, tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 4 }).map((list) => new Set(list)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((list) => new Map(list)),
  ),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, '\ud800', 0n),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    tie('nested'),
  ),
})).value
const item: fc.Arbitrary<Item> = fc.dictionary(field, value, { maxKeys: 5, noNullPrototype: true })

describe('an item', () => {
  it.each(FORMAT.map(([columns, text]) => ({ columns, text })))(
    'is $text, written and read',
    ({ columns, text }) => {
      expect(encodeItem(columns)).toBe(text)
      expect(decodeItem(text as ItemText)).toEqual(columns)
    },
  )

  it('comes back as it went in, whatever TypeScript can hold', () => {
    fc.assert(
      fc.property(item, (columns) => {
        const back = decodeItem(encodeItem(columns))
        expect(back).toEqual(columns)
        expect(decodeItem(encodeItem(back))).toEqual(columns)
      }),
      { numRuns: 5_000 },
    )
  })

  it('comes back with shared values as values of their own', () => {
    const at = new Date(5)
    const back = decodeItem(encodeItem({ created: at, updated: at, list: [at, at] }))
    expect(back).toEqual({ created: at, updated: at, list: [at, at] })
    expect(back.created).not.toBe(back.updated)
  })

  const cyclic: Record<string, unknown> = {}
  cyclic.inner = { list: [cyclic] }
  class Money {
    amount = 1
  }

  it.each([
    [{ f: () => 1 }, 'flights.f: a function'],
    [{ a: { deep: [() => 1] } }, 'flights.a.deep[0]: a function'],
    [{ s: Symbol('s') }, 'flights.s: a symbol'],
    [{ at: new Date(Number.NaN) }, 'flights.at: an invalid date'],
    [{ m: new Money() }, 'flights.m: an instance of Money'],
    [{ r: /x/ }, 'flights.r: an instance of RegExp'],
    [{ r: new Float64Array(1) }, 'flights.r: an instance of Float64Array'],
    [{ c: cyclic }, 'flights.c.inner.list[0]: a value that holds itself'],
    [{ m: new Map([[1, () => 1]]) }, 'flights.m[1]: a function'],
    [{ s: new Set([() => 1]) }, 'flights.s.a member: a function'],
    // biome-ignore lint/suspicious/noSparseArray: that is the case
    [{ l: [1, , 2] }, 'flights.l: an array with holes'],
    [{ o: JSON.parse('{"__proto__": 1}') }, 'flights.o: a field cannot be named __proto__'],
    [{ p: Promise.resolve(1) }, 'flights.p: an instance of Promise'],
  ])('is refused with %o', (columns, reason) => {
    expect(() => encodeItem(columns as Item, 'flights')).toThrow(InvalidValueError)
    expect(() => encodeItem(columns as Item, 'flights')).toThrow(reason)
  })

  it('is refused when it nests too deep for the stack', () => {
    let deep: Value = 1
    for (let i = 0; i < 200; i++) deep = [deep]
    expect(() => encodeItem({ deep })).toThrow(/at most 100 deep/)
  })

  it('of an unknown format is refused', () => {
    expect(() => decodeItem('"later"' as ItemText)).toThrow(InvalidValueError)
  })

  it('has null where it has no column, and nothing that it inherits', () => {
    expect(columnOf({ a: 1 }, 'b')).toBeNull()
    expect(columnOf({ a: 1 }, 'toString')).toBeNull()
    expect(columnOf({ a: undefined }, 'a')).toBeNull()
    expect(columnOf(undefined, 'a')).toBeNull()
  })
})

describe('the size of a text', () => {
  it('is what UTF-8 takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (one, other) => {
        expect(textBytes(one + other)).toBe(Buffer.byteLength(one + other))
      }),
      { numRuns: 1_000 },
    )
  })
})
