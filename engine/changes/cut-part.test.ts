import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fingerprinter } from '../changes/fingerprint.js'
import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import type {
  Change,
  Fingerprint,
  ItemKey,
  PlannedChange,
  SeenInterval,
  SeenItem,
  Span,
  TransactionPart,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import type { ItemText } from '../values/item-text.js'
import { cutParts, type Picture, sumsAgree } from './cut-part.js'

const HASH_KEYS = [Uint8Array.of(1), Uint8Array.of(2)]
const SORT_KEYS = Array.from({ length: 12 }, (_, i) => Uint8Array.of(i))
const ITEM = '{}' as ItemText

/** Each hash key's ranges, which some of few partitions have: one may have several. */
const picture = fc
  .tuple(
    ...HASH_KEYS.map(() =>
      fc.tuple(
        fc.subarray(SORT_KEYS.slice(1)),
        fc.array(fc.nat({ max: 4 }), { minLength: 12, maxLength: 12 }),
      ),
    ),
  )
  .map((hashKeys): Picture => {
    const piecesOf = ({ hashKey, interval }: Span) => {
      const [bounds, owners] = hashKeys[HASH_KEYS.findIndex((each) => sameBytes(each, hashKey))] as [
        Uint8Array[],
        number[],
      ]
      const ends = [EVERYTHING.from, ...bounds, EVERYTHING.to]
      return ends
        .slice(1)
        .map((to, i) => ({
          partition: `main/h/${owners[i]}` as PartitionName,
          interval: intersect({ from: ends[i] as Uint8Array, to }, interval),
        }))
        .filter((piece) => !isEmpty(piece.interval))
    }
    return {
      piecesOf,
      ownerOf: (hashKey, sortKey) =>
        piecesOf({ hashKey, interval: EVERYTHING }).find((piece) => holdsKey(piece.interval, sortKey))
          ?.partition as PartitionName,
    }
  })

const key = fc.record({ hashKey: fc.constantFrom(...HASH_KEYS), sortKey: fc.constantFrom(...SORT_KEYS) })
const interval = fc
  .tuple(fc.constantFrom(...SORT_KEYS), fc.constantFrom(...SORT_KEYS, EVERYTHING.to))
  .map(([from, to]): Interval => ({ from, to }))
const change = fc.oneof(
  key.map((key): Change => ({ kind: 'put', key, item: ITEM })),
  fc.tuple(key, interval).map(([key, aloneIn]): Change => ({ kind: 'delete', key, aloneIn })),
)
const changes = fc
  .array(change, { maxLength: 8 })
  .map((changes) => changes.map((change, index): PlannedChange => ({ index, change, allow: ['made'] })))
const items = fc.array(
  key.map((key): SeenItem => ({ key, version: 7, asOf: 9 })),
  { maxLength: 5 },
)
/** What is stored, and what was seen of it. */
const store = fc.uniqueArray(fc.tuple(key, fc.integer({ min: 1, max: 50 })), {
  selector: ([{ hashKey, sortKey }]) => `${hashKey} ${sortKey}`,
})
type Stored = readonly (readonly [ItemKey, number])[]

function sumOf(stored: Stored, { hashKey, interval }: Span): Fingerprint {
  const sum = new Fingerprinter()
  for (const [at, version] of stored) {
    if (sameBytes(at.hashKey, hashKey) && holdsKey(interval, at.sortKey)) sum.add(at.sortKey, version)
  }
  return sum.sum
}

const spans = fc.array(fc.record({ hashKey: fc.constantFrom(...HASH_KEYS), interval }), { maxLength: 4 })
const seenOf = (stored: Stored, spans: readonly Span[]) =>
  spans.map((span): SeenInterval => ({ ...span, fingerprint: sumOf(stored, span), asOf: 9 }))

/** What partitions would answer. */
const sumsOf = (parts: Iterable<TransactionPart>, stored: Stored) =>
  [...parts].map(({ seen }) =>
    seen.intervals.flatMap((piece) =>
      piece.of === undefined ? [] : [[piece.of, sumOf(stored, piece)] as const],
    ),
  )

/** Puts pieces together again: whether they are all of an interval and nothing twice. */
function tile({ from, to }: Interval, pieces: readonly Interval[]): boolean {
  const sorted = pieces.toSorted((left, right) => compareBytes(left.from, right.from))
  const ends = [from, ...sorted.map((piece) => piece.to)]
  return (
    sorted.every((piece, i) => sameBytes(piece.from, ends[i] as Uint8Array)) &&
    sameBytes(ends.at(-1) as Uint8Array, to)
  )
}

describe('cutting a transaction', () => {
  it('puts every change and item where it belongs, in order', () => {
    fc.assert(
      fc.property(picture, changes, items, (picture, changes, items) => {
        const { parts } = cutParts([{ seen: { items, intervals: [] }, changes }], picture)
        const made: PlannedChange[] = []
        const seen: SeenItem[] = []
        for (const [partition, part] of parts) {
          const indexes = part.changes.map(({ index }) => index)
          expect(indexes).toEqual(indexes.toSorted((left, right) => left - right))
          for (const planned of part.changes) {
            if (planned.change.kind === 'alone') continue
            expect(picture.ownerOf(planned.change.key.hashKey, planned.change.key.sortKey)).toBe(partition)
            made.push(planned)
          }
          for (const item of part.seen.items) {
            expect(picture.ownerOf(item.key.hashKey, item.key.sortKey)).toBe(partition)
            seen.push(item)
          }
        }
        const withoutAlone = ({ change, ...planned }: PlannedChange) => {
          const { aloneIn: _, ...rest } = { aloneIn: undefined, ...change }
          return { ...planned, change: rest }
        }
        const inOrder = made.toSorted((left, right) => left.index - right.index)
        expect(inOrder.map(withoutAlone)).toEqual(changes.map(withoutAlone))
        expect(new Set(seen)).toEqual(new Set(items))
        expect(seen.length).toBe(items.length)
      }),
      { numRuns: 1_000 },
    )
  })

  it('asks everywhere whether a change is alone', () => {
    fc.assert(
      fc.property(picture, picture, changes, (picture, later, changes) => {
        const once = cutParts([{ seen: { items: [], intervals: [] }, changes }], picture)
        const twice = cutParts([...once.parts.values()], later)
        for (const [{ parts }, by] of [
          [once, picture],
          [twice, later],
        ] as const) {
          for (const part of parts.values()) {
            const indexes = part.changes.map(({ index }) => index)
            expect(indexes).toEqual(indexes.toSorted((left, right) => left - right))
          }
          for (const { index, change } of changes) {
            if (change.kind !== 'delete' || change.aloneIn === undefined) continue
            const { hashKey } = change.key
            const pieces: Interval[] = []
            for (const [partition, part] of parts) {
              for (const planned of part.changes) {
                if (planned.index !== index || !('aloneIn' in planned.change)) continue
                const piece = planned.change.aloneIn as Interval
                for (const at of by.piecesOf({ hashKey, interval: piece }))
                  expect(at.partition).toBe(partition)
                pieces.push(piece)
              }
            }
            if (isEmpty(change.aloneIn)) expect(pieces.every(isEmpty)).toBe(true)
            else expect(tile(change.aloneIn, pieces)).toBe(true)
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('makes pieces of intervals that are all of them, also when it is cut again', () => {
    fc.assert(
      fc.property(picture, picture, store, spans, (picture, later, stored, spans) => {
        const intervals = seenOf(stored, spans)
        const once = cutParts([{ seen: { items: [], intervals }, changes: [] }], picture)
        const twice = cutParts([...once.parts.values()], later, once.cuts)
        expect(twice.cuts.slice(0, once.cuts.length)).toEqual(once.cuts)
        for (const [{ parts, cuts }, by] of [
          [once, picture],
          [twice, later],
        ] as const) {
          const pieces = new Map<number, SeenInterval[]>()
          for (const [partition, { seen }] of parts) {
            for (const piece of seen.intervals) {
              for (const at of by.piecesOf(piece)) expect(at.partition).toBe(partition)
              if (piece.of !== undefined) pieces.set(piece.of, [...(pieces.get(piece.of) ?? []), piece])
              else expect(piece.fingerprint).toEqual(sumOf(stored, piece))
            }
          }
          for (const [of, [first, ...others]] of pieces) {
            const { hashKey, fingerprint, asOf } = first as SeenInterval
            expect(cuts[of]).toEqual(fingerprint)
            expect(others.every((piece) => piece.asOf === asOf)).toBe(true)
            const all = [first as SeenInterval, ...others].map((piece) => piece.interval)
            const wholes = intervals.filter((seen) => sameBytes(seen.hashKey, hashKey))
            expect(wholes.some((seen) => tile(seen.interval, all))).toBe(true)
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the sums of pieces', () => {
  it('agree when all is as it was seen, whoever answers', () => {
    fc.assert(
      fc.property(picture, picture, store, spans, fc.nat(), (picture, later, stored, spans, served) => {
        const intervals = seenOf(stored, spans)
        const once = cutParts([{ seen: { items: [], intervals }, changes: [] }], picture)
        // Some were served as they were cut first; the others are cut again.
        const parts = [...once.parts.values()]
        const done = parts.slice(0, served % (parts.length + 1))
        const twice = cutParts(parts.slice(done.length), later, once.cuts)
        const sums = [...sumsOf(done, stored), ...sumsOf(twice.parts.values(), stored)]
        expect(sumsAgree(twice.cuts, sums)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('do not agree when a row was changed, has come or is gone', () => {
    fc.assert(
      fc.property(picture, store, interval, fc.nat(), (picture, stored, interval, pick) => {
        const span = { hashKey: HASH_KEYS[0] as Uint8Array, interval }
        const within = stored.filter(
          ([at]) => sameBytes(at.hashKey, span.hashKey) && holdsKey(interval, at.sortKey),
        )
        fc.pre(within.length > 0)
        const { parts, cuts } = cutParts(
          [{ seen: { items: [], intervals: seenOf(stored, [span]) }, changes: [] }],
          picture,
        )
        fc.pre(cuts.length > 0)
        const met = within[pick % within.length] as Stored[number]
        const changed = stored.map((row) => (row === met ? ([row[0], row[1] + 1] as const) : row))
        const gone = stored.filter((row) => row !== met)
        expect(sumsAgree(cuts, sumsOf(parts.values(), changed))).toBe(false)
        expect(sumsAgree(cuts, sumsOf(parts.values(), gone))).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
