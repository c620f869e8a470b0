import { describe, expect, it } from 'vitest'
import { encodeKey } from '../keys/key-codec.js'
import type { Clock, Millis, PartitionName, TopologyCache } from '../ports.js'
import { encodeFilter } from './encode-filter.js'
import { encodeForest } from './encode-forest.js'
import { encodeRangeIndex } from './encode-range-index.js'
import { Forest } from './forest.js'
import { EVERYTHING } from './key-set.js'
import { childIndex, rootName } from './partition-name.js'
import { PromotedFilter } from './promoted-filter.js'
import { RangeIndex } from './range-index.js'
import { Router } from './router.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from './snapshot-keys.js'
import { TopologyReader } from './topology-reader.js'

const SHAPE = { roots: 1, fanout: 2 }
const FOREST = forestSnapshotKey('main')
const PROMOTED = promotedSnapshotKey('main')
const A = encodeKey(['a'])
const [five, six] = [encodeKey([5]), encodeKey([6])]
const RANGE = rangeSnapshotKey('main', A)
const NOTHING = new Uint8Array()

/** Where a key is in a forest of root 0 and the children that have split, level by level. */
const childPath = (...levels: number[]) =>
  `main/h/${['0', ...levels.map((level) => childIndex(A, level, 2))].join('.')}` as PartitionName

const split = Forest.of(SHAPE).split([0])
const deeper = split.split([0, childIndex(A, 1, 2)])

const promoted = encodeFilter(PromotedFilter.of([A], 1), 7)
const ranges = (version: number, ...boundaries: Uint8Array[]) =>
  encodeRangeIndex(
    RangeIndex.fromSplits(
      A,
      boundaries.map((boundary, i) => ({ path: new Array(i).fill(1), boundary })),
    ),
    version,
  )

/** A cache and a clock that a test has in its hands, and a reader over them. */
function newReader() {
  let now: Millis = 1_000_000
  let sleepers: { at: Millis; wake(): void }[] = []
  const stored = new Map<string, Uint8Array>()
  const asked: string[] = []
  const answers = { get: async (key: string): Promise<Uint8Array | undefined> => stored.get(key) }
  const cache: TopologyCache = {
    get(key) {
      asked.push(key)
      return answers.get(key)
    },
    put: async () => {},
  }
  const clock: Clock = {
    now: () => now,
    sleep: (time) => new Promise((wake) => sleepers.push({ at: now + time, wake: () => wake() })),
  }
  const router = new Router('main', SHAPE)
  return {
    router,
    stored,
    answers,
    reader: new TopologyReader({ cache, clock }, 'main', router),
    /** What was asked for since this was called last. */
    asked: () => asked.splice(0),
    async pass(time: Millis) {
      for (const until = now + time; now < until; ) {
        now = Math.min(until, now + 5)
        const due = sleepers.filter(({ at }) => at <= now)
        sleepers = sleepers.filter(({ at }) => at > now)
        for (const { wake } of due) wake()
        await settle()
      }
    },
    jump(by: Millis) {
      now += by
    },
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** Whether something has ended, without waiting for it. */
async function hasEnded(something: Promise<void> | undefined): Promise<boolean> {
  let ended = something === undefined
  something?.then(() => {
    ended = true
  })
  await settle()
  return ended
}

describe('a router of which nothing is published', () => {
  it('is ready as soon as that is known, and then at once', async () => {
    const { reader, router, asked } = newReader()
    await reader.ready([A])
    expect(asked()).toEqual([FOREST, PROMOTED])
    expect(reader.ready([A])).toBeUndefined()
    expect(asked()).toEqual([])
    expect(router.ownerOf(A, NOTHING)).toBe('main/h/0')
  })
})

describe('a router that knows nothing', () => {
  it('knows what is published before its first request', async () => {
    const { reader, router, stored } = newReader()
    stored.set(FOREST, encodeForest(deeper, 3))
    await reader.ready([A])
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1, 2))
  })

  it('knows the ranges of a promoted hash key too, and asks for none of those that are not promoted', async () => {
    const { reader, router, stored, asked } = newReader()
    stored.set(PROMOTED, promoted)
    stored.set(RANGE, ranges(3, five))
    await reader.ready([A, encodeKey(['b'])])
    expect(asked()).toEqual([FOREST, PROMOTED, RANGE])
    expect(reader.ready([A])).toBeUndefined()
    const pieces = router.piecesOf({ hashKey: A, interval: EVERYTHING })
    expect(pieces.map(({ interval }) => interval)).toEqual([
      { from: EVERYTHING.from, to: five },
      { from: five, to: EVERYTHING.to },
    ])
    expect(router.ownerOf(A, six)).toMatch(/^main\/r\/.*\/1$/)
  })

  it('goes by the hash partitions where a hash key seems to be promoted, and is not', async () => {
    const { reader, router, stored } = newReader()
    stored.set(PROMOTED, promoted)
    await reader.ready([A])
    expect(router.ownerOf(A, six)).toBe('main/h/0')
    expect(reader.ready([A])).toBeUndefined()
  })

  it('does not take the ranges of another hash key for its own', async () => {
    const { reader, router, stored } = newReader()
    stored.set(PROMOTED, promoted)
    stored.set(RANGE, encodeRangeIndex(RangeIndex.fromSplits(encodeKey(['b']), []), 3))
    await reader.ready([A])
    expect(router.ownerOf(A, six)).toBe('main/h/0')
  })
})

describe('a request', () => {
  it('for many promoted hash keys asks for the ranges of some of them', async () => {
    const { reader, stored, asked } = newReader()
    const keys = Array.from({ length: 50 }, (_, i) => encodeKey([i]))
    stored.set(PROMOTED, encodeFilter(PromotedFilter.of(keys, keys.length), 1))
    await reader.ready(keys)
    expect(asked().length).toBe(22)
    await reader.ready(keys)
    expect(asked().length).toBe(20)
    await reader.ready(keys)
    expect(asked().length).toBe(10)
    expect(reader.ready(keys)).toBeUndefined()
  })

  it('waits for half a second at most for a cache that does not answer, and the next ones do not', async () => {
    const { reader, answers, pass, asked, router, stored } = newReader()
    const { get } = answers
    answers.get = () => new Promise(() => {})
    const ready = reader.ready([A])
    await pass(495)
    expect(await hasEnded(ready)).toBe(false)
    await pass(10)
    expect(await hasEnded(ready)).toBe(true)
    expect(reader.ready([A])).toBeUndefined()
    expect(asked()).toEqual([FOREST, PROMOTED])
    // It is asked again, and nobody waits for that.
    answers.get = get
    stored.set(FOREST, encodeForest(split, 1))
    await pass(10_000)
    expect(reader.ready([A])).toBeUndefined()
    await pass(5)
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1))
  })

  it('goes on without a cache that fails', async () => {
    const { reader, answers, router } = newReader()
    answers.get = async () => {
      throw new Error('429')
    }
    await reader.ready([A])
    expect(reader.ready([A])).toBeUndefined()
    expect(router.ownerOf(A, NOTHING)).toBe('main/h/0')
  })

  it('waits with the one that was first, and asks nothing itself', async () => {
    const { reader, answers, pass, asked } = newReader()
    let answer = (_: undefined) => {}
    answers.get = () =>
      new Promise((resolve) => {
        const before = answer
        answer = () => {
          before(undefined)
          resolve(undefined)
        }
      })
    const first = reader.ready([A])
    const second = reader.ready([A])
    await pass(100)
    expect(await hasEnded(second)).toBe(false)
    answer(undefined)
    await pass(10)
    expect([await hasEnded(first), await hasEnded(second)]).toEqual([true, true])
    expect(asked()).toEqual([FOREST, PROMOTED])
  })

  it('does not wait longer for one that was first and is gone', async () => {
    const { reader, answers, pass } = newReader()
    answers.get = () => new Promise(() => {})
    reader.ready([A])
    await pass(300)
    const second = reader.ready([A])
    await pass(505)
    expect(await hasEnded(second)).toBe(true)
  })

  it.each([
    ['damaged', Uint8Array.from(encodeForest(split, 1), (byte, i) => (i === 20 ? byte ^ 4 : byte))],
    ['cut', encodeForest(split, 1).subarray(0, 20)],
    ['of another shape', encodeForest(Forest.of({ roots: 2, fanout: 2 }).split([0]), 1)],
    ['of another kind', promoted],
    ['empty', NOTHING],
  ])('goes by what is known where a snapshot is %s', async (_, bytes) => {
    const { reader, router, stored } = newReader()
    stored.set(FOREST, bytes)
    await reader.ready([A])
    expect(reader.ready([A])).toBeUndefined()
    expect(router.ownerOf(A, NOTHING)).toBe('main/h/0')
  })
})

describe('what was read', () => {
  it('of ranges is not believed when somebody above answers, nor is what would be below', async () => {
    const { reader, router, stored } = newReader()
    stored.set(PROMOTED, promoted)
    stored.set(RANGE, ranges(3, five, six))
    await reader.ready([A])
    router.learn({ partition: rootName('main', 0) }, rangeRoot() as PartitionName)
    expect(router.size.ranges).toBe(0)
    expect(router.ownerOf(A, NOTHING)).toBe('main/h/0')
  })

  it('is read again after a minute, by requests that do not wait for it', async () => {
    const { reader, router, stored, asked, pass, jump } = newReader()
    stored.set(FOREST, encodeForest(split, 1))
    await reader.ready([A])
    stored.set(FOREST, encodeForest(deeper, 2))
    jump(59_000)
    expect(reader.ready([A])).toBeUndefined()
    asked()
    jump(2_000)
    expect(reader.ready([A])).toBeUndefined()
    expect(reader.ready([A])).toBeUndefined()
    expect(asked()).toEqual([FOREST, PROMOTED])
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1))
    await pass(5)
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1, 2))
  })

  it('is waited for again when nobody has come to read it for ten minutes', async () => {
    const { reader, stored, router, jump } = newReader()
    stored.set(FOREST, encodeForest(split, 1))
    await reader.ready([A])
    stored.set(FOREST, encodeForest(deeper, 2))
    jump(601_000)
    await reader.ready([A])
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1, 2))
  })

  it('is not waited for an hour because a clock was set back by one', async () => {
    const { reader, asked, jump } = newReader()
    await reader.ready([A])
    asked()
    jump(-3_600_000)
    expect(reader.ready([A])).toBeUndefined()
    expect(asked()).toEqual([FOREST, PROMOTED])
  })

  it('never becomes older', async () => {
    const { reader, router, stored, pass, jump } = newReader()
    stored.set(FOREST, encodeForest(deeper, 2))
    stored.set(PROMOTED, promoted)
    stored.set(RANGE, ranges(2, five, six))
    await reader.ready([A])
    stored.set(FOREST, encodeForest(split, 1))
    stored.set(PROMOTED, encodeFilter(PromotedFilter.of([], 0), 6))
    stored.set(RANGE, ranges(1, five))
    jump(61_000)
    reader.ready([A])
    await pass(50)
    expect(router.snapshots.forest?.partitions).toBe(deeper.partitions)
    expect(router.snapshots.mayBePromoted(A)).toBe(true)
    expect(router.piecesOf({ hashKey: A, interval: EVERYTHING })).toHaveLength(3)
  })

  it('is not believed when somebody above answers for a partition that it names, until it is read again', async () => {
    const { reader, router, stored, pass, jump } = newReader()
    stored.set(FOREST, encodeForest(deeper, 2))
    stored.set(PROMOTED, promoted)
    await reader.ready([A])
    router.learn({ partition: rootName('main', 0) }, childPath(1, 2))
    expect(router.ownerOf(A, NOTHING)).toBe('main/h/0')
    // That was of another tree, whose versions say nothing of this one's.
    stored.set(FOREST, encodeForest(deeper, 1))
    expect(router.snapshots.mayBePromoted(A)).toBe(false)
    jump(61_000)
    reader.ready([A])
    await pass(50)
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1, 2))
    expect(router.snapshots.mayBePromoted(A)).toBe(true)
  })
})

describe('what a router has learned', () => {
  it('goes on where what is published ends', async () => {
    const { reader, router, stored } = newReader()
    stored.set(FOREST, encodeForest(split, 1))
    router.learn({ partition: childPath(1, 2, 3) })
    await reader.ready([A])
    expect(router.ownerOf(A, NOTHING)).toBe(childPath(1, 2, 3))
  })

  it('is not kept twice where it is published', async () => {
    const { reader, router, stored } = newReader()
    stored.set(FOREST, encodeForest(deeper, 1))
    await reader.ready([A])
    router.learn({ partition: childPath(1, 2) })
    expect(router.size.hashPartitions).toBe(0)
    router.learn({ partition: childPath(1, 2, 3) })
    expect(router.size.hashPartitions).toBe(1)
  })

  it('of ranges stays where it is deeper than what is published', async () => {
    const { reader, router, stored } = newReader()
    stored.set(PROMOTED, promoted)
    stored.set(RANGE, ranges(3, five))
    await reader.ready([])
    const { partition } = router.routeTo(A, six)
    expect(partition).toBe('main/h/0')
    const last = { from: six, to: EVERYTHING.to }
    const known = `${rangeRoot()}/1.1` as PartitionName
    router.learn({ partition: known, range: { hashKey: A, interval: last } })
    await reader.ready([A])
    expect(router.piecesOf({ hashKey: A, interval: EVERYTHING })).toEqual([
      { partition: `${rangeRoot()}/0`, interval: { from: EVERYTHING.from, to: five } },
      { partition: `${rangeRoot()}/1`, interval: { from: five, to: six } },
      { partition: known, interval: last },
    ])
  })
})

function rangeRoot(): string {
  const [range] = RangeIndex.fromSplits(A, []).ranges('main')
  return range?.partition as string
}
