import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import type { PartitionName } from '../ports.js'
import {
  checkDatabaseName,
  childIndex,
  childOf,
  isAbove,
  isNamed,
  isUnder,
  nameOf,
  type PartitionPlace,
  PathText,
  parentOf,
  pathText,
  placeOf,
  rangeNamer,
  rangeRootOf,
  rootName,
  rootOf,
} from './partition-name.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const name = (text: string) => text as PartitionName
/** So far down from a partition. */
function below(partition: PartitionName, path: readonly number[]): PartitionName {
  const place = placeOf(partition)
  return nameOf({ ...place, path: [...place.path, ...path] })
}
const utf8Length = (text: string) => bytes(text).length

const hashKey = fc.uint8Array({ minLength: 1, maxLength: 2_048 })
/** Long ways down, with long runs of the same step among them. */
const path = fc
  .array(fc.tuple(fc.nat({ max: 63 }), fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 }))), {
    minLength: 1,
    maxLength: 12,
  })
  .map((runs) => runs.flatMap(([step, count]) => new Array<number>(count).fill(step)))
const database = fc.constantFrom('main', 'tenant 7', 'a/b', '1x5', 'ü'.repeat(20))

describe('the name of a partition', () => {
  it.each<[string, PartitionPlace]>([
    ['main/h/3', { kind: 'hash', database: 'main', path: [3] }],
    ['main/h/3.1.0', { kind: 'hash', database: 'main', path: [3, 1, 0] }],
    ['main/h/3.1.1.1.1', { kind: 'hash', database: 'main', path: [3, 1, 1, 1, 1] }],
    ['main/h/3.1x5.0', { kind: 'hash', database: 'main', path: [3, 1, 1, 1, 1, 1, 0] }],
    ['a%2Fb/h/0', { kind: 'hash', database: 'a%2Fb', path: [0] }],
    ['main/r/AnNmbwA', { kind: 'range', database: 'main', key: 'AnNmbwA', path: [] }],
    ['main/r/AnNmbwA/0.1', { kind: 'range', database: 'main', key: 'AnNmbwA', path: [0, 1] }],
    [
      'main/r/AnNmbwA/0.1x12',
      { kind: 'range', database: 'main', key: 'AnNmbwA', path: [0, ...Array(12).fill(1)] },
    ],
  ])('%s is its place', (text, place) => {
    expect(nameOf(place)).toBe(text)
    expect(placeOf(name(text))).toEqual(place)
  })

  it('of any place is of that place alone, and short enough for a Durable Object', () => {
    fc.assert(
      fc.property(database, hashKey, path, (database, key, path) => {
        const root = rootOf(database, key, 16)
        const hash = below(root, path)
        expect(placeOf(hash)).toEqual({ ...placeOf(root), path: [...placeOf(root).path, ...path] })
        const range = below(rangeRootOf(hash, key), path)
        expect(placeOf(range)).toMatchObject({ kind: 'range', path })
        for (const each of [hash, range]) {
          expect(nameOf(placeOf(each))).toBe(each)
          expect(utf8Length(each)).toBeLessThanOrEqual(1_024)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of a hash key that grows at its end for ever stays short', () => {
    const place = placeOf(
      rangeRootOf(rootOf('d'.repeat(128), bytes('k'), 16), new Uint8Array(2_048).fill(255)),
    )
    const deepest = nameOf({ ...place, path: new Array<number>(100_000).fill(1) })
    expect(utf8Length(deepest)).toBeLessThan(700)
    expect(placeOf(deepest).path.length).toBe(100_000)
  })

  it('of a range partition is the same when its path is known by its text', () => {
    fc.assert(
      fc.property(database, hashKey, fc.oneof(path, fc.array(fc.nat({ max: 1 }))), (database, key, path) => {
        const known = path.reduce((text, step) => text.child(step), PathText.START)
        expect(known.text).toBe(pathText(path))
        expect(known.length).toBe(path.length)
        const first = rangeRootOf(rootName(database, 0), key)
        expect(rangeNamer(database, key)(PathText.START)).toBe(first)
        expect(rangeNamer(database, key)(known)).toBe(below(first, path))
      }),
    )
  })

  it('of long hash keys differs, also where they begin alike', () => {
    const root = rootName('main', 0)
    const long = (last: number) => Uint8Array.of(...new Uint8Array(1_000).fill(7), last)
    const names = new Set(Array.from({ length: 256 }, (_, i) => rangeRootOf(root, long(i))))
    expect(names.size).toBe(256)
  })

  it('of a range partition does not depend on where its hash key was promoted', () => {
    expect(rangeRootOf(name('main/h/3.1.0'), bytes('k'))).toBe(rangeRootOf(name('main/h/3'), bytes('k')))
  })

  it.each(['main', 'main/x/3', 'main/h', 'main/r/a/0/1', 'main/h/x'])('is not %s', (text) => {
    expect(isNamed(name(text))).toBe(false)
    expect(isNamed(name('main/h/3.1'))).toBe(true)
  })
})

describe('a place in the tree', () => {
  it('is below its parent, and its parent is above it', () => {
    fc.assert(
      fc.property(hashKey, path, (key, path) => {
        const root = rootOf('main', key, 16)
        expect(parentOf(root, key, 16)).toBeUndefined()
        for (const top of [root, rangeRootOf(root, key)]) {
          const above = below(top, path.slice(0, -1))
          const child = childOf(above, path.at(-1) as number)
          expect(parentOf(child, key, 16)).toBe(above)
          expect(isAbove(above, child)).toBe(true)
          expect(isAbove(top, child)).toBe(true)
          expect(isAbove(child, above)).toBe(false)
          expect(isAbove(child, child)).toBe(false)
        }
        expect(parentOf(rangeRootOf(root, key), key, 16)).toBe(root)
      }),
      { numRuns: 200 },
    )
  })

  it('of a range may be below any hash partition, and is not below a range of another hash key', () => {
    const [one, other] = ['one', 'other'].map((key) => rangeRootOf(rootName('main', 0), bytes(key)))
    expect(isAbove(name('main/h/3.1'), one as PartitionName)).toBe(true)
    expect(isAbove(one as PartitionName, name('main/h/3.1'))).toBe(false)
    expect(isAbove(one as PartitionName, childOf(other as PartitionName, 0))).toBe(false)
  })

  it('is under those partitions that the hash says, at every level anew', () => {
    fc.assert(
      fc.property(hashKey, fc.integer({ min: 2, max: 8 }), (key, fanout) => {
        const path = [childIndex(key, 0, 16), childIndex(key, 1, fanout), childIndex(key, 2, fanout)]
        const place = { kind: 'hash', database: 'main', path } as const
        expect(isUnder(place, key, 16, fanout)).toBe(true)
        for (const level of [0, 1, 2]) {
          const elsewhere = path.with(level, (path[level] as number) + 1)
          expect(isUnder({ ...place, path: elsewhere }, key, 16, fanout)).toBe(false)
        }
      }),
    )
  })
})

describe('a database name', () => {
  it.each(['main', 'tenant 7', 'ü', 'a'.repeat(128)])('may be %s', (database) => {
    expect(checkDatabaseName(database)).toBe(database)
  })

  it.each(['', 'a'.repeat(129), 'ü'.repeat(22), '\ud800'])('may not be %j', (database) => {
    expect(() => checkDatabaseName(database)).toThrow(ConfigurationError)
  })
})
