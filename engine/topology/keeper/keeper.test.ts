import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GrowthEvent, KeeperOperation, KeeperRequest } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { decodeFilter } from '../encode-filter.js'
import { decodeForest } from '../encode-forest.js'
import { decodeRangeIndex } from '../encode-range-index.js'
import { openSnapshot } from '../snapshot.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from '../snapshot-keys.js'
import { DATABASE, type Growth, hashKey, SETTINGS, TestTree } from './test-tree.js'
import { KeeperWorld, type PutFate } from './test-world.js'

const FOREST = forestSnapshotKey(DATABASE)
const PROMOTED = promotedSnapshotKey(DATABASE)
const MINUTE = 60_000

const growth = fc.record({
  kind: fc.constantFrom<Growth['kind'][]>('split', 'split', 'promotion', 'rangeSplit', 'rangeSplit'),
  which: fc.nat(60),
  at: fc.nat(65_535),
})
const trees = fc.array(growth, { maxLength: 60 }).map((steps) => new TestTree(steps))

/** Events in any order, some of them several times, in batches. */
function retold(events: readonly GrowthEvent[]) {
  return fc
    .tuple(fc.shuffledSubarray([...events]), fc.infiniteStream(fc.nat(4)))
    .chain(([some]) =>
      fc.tuple(
        fc.shuffledSubarray([...events, ...some], { minLength: events.length + some.length }),
        fc.array(fc.integer({ min: 1, max: 9 })),
      ),
    )
    .map(([all, sizes]) => {
      const batches: GrowthEvent[][] = []
      for (let at = 0, i = 0; at < all.length; i++) {
        const size = sizes[i] ?? 3
        batches.push(all.slice(at, at + size))
        at += size
      }
      return batches
    })
}

const kindOf = (key: string) => (key === FOREST ? 'forest' : key === PROMOTED ? 'promoted' : 'range')

/** What is published, whatever the versions. */
function bodies(cache: ReadonlyMap<string, Uint8Array>): Map<string, string> {
  return new Map(
    [...cache]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, bytes]) => [key, Buffer.from(openSnapshot(kindOf(key), bytes).body).toString('hex')]),
  )
}

/** What is published of a tree that was told at once. */
async function published(events: readonly GrowthEvent[]): Promise<Map<string, string>> {
  const world = new KeeperWorld()
  await world.report(...events)
  await world.pass(MINUTE)
  return bodies(world.cache)
}

/** Holds what is published against a tree. */
function expectPublished(world: KeeperWorld, tree: TestTree): void {
  const forestBytes = world.cache.get(FOREST)
  if (forestBytes !== undefined) {
    const { forest } = decodeForest(forestBytes)
    for (let i = 0; i < 40; i++) {
      const [root, ...path] = forest.leafOf(hashKey(i))
      expect(`${encodeURIComponent(DATABASE)}/h/${[root, ...path].join('.')}`).toBe(
        plain(tree.leafOf(hashKey(i))),
      )
    }
  } else expect(tree.events.some(({ kind }) => kind === 'split')).toBe(false)
  const filterBytes = world.cache.get(PROMOTED)
  if (filterBytes !== undefined) {
    const { filter } = decodeFilter(filterBytes)
    for (const number of tree.promoted.keys()) expect(filter.mayHold(hashKey(number))).toBe(true)
  } else expect(tree.promoted.size).toBe(0)
  for (const [number, root] of tree.promoted) {
    const bytes = world.cache.get(rangeSnapshotKey(DATABASE, hashKey(number)))
    if (bytes === undefined) {
      expect(root.divided).toBe(undefined)
      continue
    }
    const { index } = decodeRangeIndex(bytes)
    expect(index.ranges(DATABASE).map(({ partition }) => partition)).toEqual(
      tree.ranges([root]).map(({ name }) => name),
    )
  }
}

/** Without runs. */
function plain(name: PartitionName): string {
  return name.replaceAll(/(\d+)x(\d+)/g, (_, step, count) => new Array(Number(count)).fill(step).join('.'))
}

/** No cache key is put twice within a second, and versions rise. */
function expectPaced(world: KeeperWorld): void {
  const last = new Map<string, number>()
  let version = 0
  for (const { key, at, value } of world.puts) {
    expect(at - (last.get(key) ?? 0)).toBeGreaterThanOrEqual(1_000)
    last.set(key, at)
    const published = openSnapshot(kindOf(key), value).version
    expect(published).toBeGreaterThan(version)
    version = published
  }
}

const SPLIT = { kind: 'split', partition: 'a%2Fb/h/0' as PartitionName } as const
const SPLIT_BELOW = { kind: 'split', partition: 'a%2Fb/h/0.2' as PartitionName } as const
const PROMOTION = { kind: 'promotion', hashKey: hashKey(1) } as const
const RANGE_SPLIT = {
  kind: 'rangeSplit',
  partition: 'a%2Fb/r/AQEA' as PartitionName,
  hashKey: hashKey(1),
  boundary: Uint8Array.of(7),
} as const

describe('what is published', () => {
  it('is the tree, in whatever order and however often it is told', () =>
    fc.assert(
      fc.asyncProperty(
        trees.chain((tree) => fc.tuple(fc.constant(tree), retold(tree.events), fc.nat(3))),
        async ([tree, batches, pace]) => {
          const world = new KeeperWorld()
          for (const batch of batches) {
            expect((await world.report(...batch)).ok).toBe(true)
            await world.pass(pace * 700)
          }
          await world.pass(MINUTE)
          expectPublished(world, tree)
          expectPaced(world)
          expect(bodies(world.cache)).toEqual(await published(tree.events))
          expect(world.alarm).toBe(undefined)
        },
      ),
      { numRuns: 150 },
    ))

  it('is the tree in the end, whatever happens to puts and to instances', () => {
    const fates = fc.constantFrom<PutFate[]>('arrives', 'is refused', 'arrives, unanswered', 'hangs')
    const crashes = fc.option(fc.nat(40), { nil: undefined, freq: 2 })
    return fc.assert(
      fc.asyncProperty(
        trees.chain((tree) => fc.tuple(fc.constant(tree), retold(tree.events))),
        fc.infiniteStream(fates),
        fc.infiniteStream(crashes),
        fc.infiniteStream(fc.nat(2_500)),
        async ([tree, batches], fates, crashes, pauses) => {
          const world = new KeeperWorld()
          world.putFate = () => fates.next().value
          for (const batch of batches) {
            world.touchesLeft = crashes.next().value ?? Number.POSITIVE_INFINITY
            for (let told = false; !told; ) {
              told = await world.report(...batch).then(
                ({ ok }) => ok,
                () => false,
              )
              if (!told) world.restart()
            }
            await world.pass(pauses.next().value)
            if (world.touchesLeft < 0) world.restart()
          }
          expectPaced(world)
          world.touchesLeft = Number.POSITIVE_INFINITY
          world.putFate = () => 'arrives'
          await world.pass(5 * MINUTE)
          expectPublished(world, tree)
          expectPaced(world)
          expect(bodies(world.cache)).toEqual(await published(tree.events))
          expect(world.alarm).toBe(undefined)
          expect(await world.ask({ kind: 'status' })).toMatchObject({
            status: { published: true, rebuilding: false },
          })
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is put at once after a quiet time, and at most once a second', async () => {
    const world = new KeeperWorld()
    const start = world.now
    const tree = new TestTree()
    for (let i = 0; i < 30; i++) {
      tree.grow({ kind: 'split', which: i, at: 0 })
      await world.report(...tree.events.slice(-1))
      await world.pass(100)
    }
    await world.pass(5_000)
    expect(world.puts.map(({ at }) => at - start)).toEqual([0, 1_000, 2_000, 3_000])
    expectPublished(world, tree)
    expect(world.alarm).toBe(undefined)
  })

  it('of several hash keys waits for none of the others', async () => {
    const world = new KeeperWorld()
    await world.report(SPLIT)
    await world.pass(500)
    await world.report(PROMOTION)
    await world.pass(10)
    expect(world.puts.map(({ key }) => key)).toEqual([
      FOREST,
      PROMOTED,
      rangeSnapshotKey(DATABASE, PROMOTION.hashKey),
    ])
  })

  it('is put again when it changes while it is put', async () => {
    const world = new KeeperWorld()
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    world.putFate = () => arrived
    await world.report(SPLIT)
    await world.pass(100)
    // Whatever becomes of this instance, another one comes back to it.
    expect(world.alarm).toBeGreaterThan(world.now)
    await world.report(SPLIT_BELOW)
    world.putFate = () => 'arrives'
    arrive()
    await world.pass(5_000)
    expect(world.puts.length).toBe(2)
    expect(decodeForest(world.cache.get(FOREST) as Uint8Array).forest.hasSplit([0, 2])).toBe(true)
  })

  it('is put again when an earlier put lands late', async () => {
    const world = new KeeperWorld()
    let land = () => {}
    const late = new Promise<void>((resolve) => {
      land = resolve
    })
    world.putFate = () => late
    await world.report(SPLIT)
    await world.pass(100)
    world.putFate = () => 'arrives'
    await world.report(SPLIT_BELOW)
    await world.pass(MINUTE)
    expect(world.puts.length).toBe(2)
    land()
    await world.pass(MINUTE)
    expect(world.puts.length).toBe(3)
    expect(decodeForest(world.cache.get(FOREST) as Uint8Array).forest.hasSplit([0, 2])).toBe(true)
  })

  it('is tried again less and less often while the cache is away, and the keeper goes on', async () => {
    const world = new KeeperWorld()
    world.putFate = () => 'is refused'
    await world.report(SPLIT)
    await world.pass(10 * MINUTE)
    expect(world.puts.length).toBeGreaterThan(10)
    expect(world.puts.length).toBeLessThan(20)
    expect(await world.report(SPLIT_BELOW)).toMatchObject({ ok: true, status: { published: false } })
  })

  it('is tried for few hash keys while the cache is away, however many there are', async () => {
    const world = new KeeperWorld()
    world.putFate = () => 'is refused'
    const tree = new TestTree()
    for (let i = 0; i < 300; i++) tree.grow({ kind: 'promotion', which: i, at: 0 })
    for (let i = 0; i < 300; i++) tree.grow({ kind: 'rangeSplit', which: 2 * i, at: 9 })
    await world.report(...tree.events)
    await world.pass(10 * MINUTE)
    expect(world.puts.length).toBeLessThan(400)
    world.putFate = () => 'arrives'
    await world.pass(3 * MINUTE)
    expectPublished(world, tree)
    expect(world.alarm).toBe(undefined)
  })

  it('is put soon for most hash keys, also when a third of the puts fails', async () => {
    const world = new KeeperWorld()
    let puts = 0
    world.putFate = () => (puts++ % 3 === 0 ? 'is refused' : 'arrives')
    const tree = new TestTree()
    for (let i = 0; i < 100; i++) tree.grow({ kind: 'promotion', which: i, at: 0 })
    for (let i = 0; i < 100; i++) tree.grow({ kind: 'rangeSplit', which: 2 * i, at: 9 })
    await world.report(...tree.events)
    await world.pass(5_000)
    expect(world.cache.size).toBeGreaterThan(90)
    await world.pass(MINUTE)
    expectPublished(world, tree)
    expect(world.alarm).toBe(undefined)
  })

  it('has versions that rise when the clock goes back, which holds nothing up', async () => {
    const world = new KeeperWorld()
    await world.report(SPLIT)
    await world.pass(5_000)
    world.now -= 60 * MINUTE
    await world.report(PROMOTION)
    await world.pass(100)
    await world.report(SPLIT_BELOW)
    await world.pass(2_000)
    world.restart()
    world.now -= 60 * MINUTE
    await world.report({ ...SPLIT, partition: 'a%2Fb/h/1' as PartitionName })
    await world.pass(2_000)
    const versions = world.puts.map(({ key, value }) => openSnapshot(kindOf(key), value).version)
    expect(versions.length).toBe(5)
    expect(versions).toEqual([...versions].sort((left, right) => left - right))
    expect(new Set(versions).size).toBe(5)
  })

  it('waits for a cache, and is put once there is one', async () => {
    const world = new KeeperWorld()
    world.hasCache = false
    world.restart()
    const { status } = (await world.report(SPLIT)) as { status: object }
    expect(status).not.toHaveProperty('published')
    expect(world.alarm).toBe(undefined)
    world.hasCache = true
    world.restart()
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { published: false } })
    await world.pass(1_000)
    expect(world.puts.length).toBe(1)
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { published: true } })
  })
})

describe('a report', () => {
  it('that is told again writes nothing', async () => {
    const world = new KeeperWorld()
    await world.report(SPLIT, PROMOTION, RANGE_SPLIT)
    await world.pass(5_000)
    const stored = world.stored()
    const changes = () => world.database.prepare('SELECT total_changes()').get()
    const before = changes()
    await world.report(PROMOTION, SPLIT, RANGE_SPLIT, SPLIT)
    expect(world.stored()).toBe(stored)
    expect(changes()).toEqual(before)
    expect(world.alarm).toBe(undefined)
  })

  it('that tells something twice counts it once', async () => {
    const world = new KeeperWorld()
    await world.report(RANGE_SPLIT)
    expect(await world.report(SPLIT, SPLIT, PROMOTION, PROMOTION, RANGE_SPLIT)).toMatchObject({
      status: { hashPartitions: 5, promoted: 1, rangePartitions: 3 },
    })
  })

  it('is answered with what is known', async () => {
    const world = new KeeperWorld()
    expect(await world.ask({ kind: 'status' })).toEqual({
      ok: true,
      status: {
        pinned: false,
        hashPartitions: 2,
        promoted: 0,
        rangePartitions: 0,
        published: true,
        rebuilding: false,
      },
    })
    expect(world.stored()).toBe('[]')
    const tree = new TestTree([
      { kind: 'split', which: 0, at: 0 },
      { kind: 'promotion', which: 4, at: 0 },
      { kind: 'rangeSplit', which: 0, at: 0 },
    ])
    expect(await world.report(...tree.events)).toEqual({
      ok: true,
      status: {
        pinned: true,
        hashPartitions: 5,
        promoted: 1,
        rangePartitions: 3,
        published: false,
        rebuilding: false,
      },
    })
  })

  it('that names other settings is refused, with both', async () => {
    const world = new KeeperWorld()
    await world.report(SPLIT)
    for (const kind of ['report', 'rebuild', 'status'] as const) {
      const operation = { kind, events: [SPLIT_BELOW] } as KeeperOperation
      const answer = await world.ask(operation, { settings: { roots: 4, fanout: 3 } })
      expect(answer).toMatchObject({ ok: false, error: { code: 'settings_mismatch' } })
      expect(!answer.ok && answer.error.message).toMatch(/roots 2, fanout 3.*roots 4, fanout 3/)
    }
  })

  it('that cannot be changes nothing', async () => {
    const name = (partition: string) => ({ kind: 'split', partition })
    const range = { kind: 'rangeSplit', hashKey: hashKey(1), boundary: Uint8Array.of(1) }
    const events: unknown[] = [
      name('other/h/0'),
      name('a/b/h/0'),
      name('a%2Fb/h/2'),
      name('a%2Fb/h/0.3'),
      name('a%2Fb/h/'),
      name('a%2Fb/h'),
      name('a%2Fb/h/0.NaN'),
      name('a%2Fb/h/00'),
      name('a%2Fb/h/0.0.0.0.0.0'),
      name('a%2Fb/h/0x9999999'),
      name(`a%2Fb/h/${new Array(99).fill('0x99999.1x99999').join('.')}`),
      name('a%2Fb/h/0x300'),
      name('a%2Fb/r/AQEA'),
      name('a%2Fb/x/0'),
      name(''),
      name(7 as never),
      { kind: 'promotion' },
      { kind: 'promotion', hashKey: 'AQEA' },
      { kind: 'promotion', hashKey: new Uint8Array(20_000) },
      { ...range, partition: 'a%2Fb/r/AQEA/2' },
      { ...range, partition: 'a%2Fb/r/AQEA/0x99999.1x99999' },
      { ...range, partition: 'a%2Fb/r/AQEB/0' },
      { ...range, partition: 'a%2Fb/h/0' },
      { ...range, partition: 'a%2Fb/r/AQEA', boundary: new Uint8Array(5_000) },
      { ...range, partition: 'a%2Fb/r/AQEA', boundary: null },
      { kind: 'merge', partition: 'a%2Fb/h/0' },
      null,
      'split',
    ]
    for (const event of events) {
      const world = new KeeperWorld()
      const answer = await world.report(SPLIT, event as GrowthEvent)
      expect(answer, JSON.stringify(event)?.slice(0, 80)).toMatchObject({
        ok: false,
        error: { code: 'invalid_request' },
      })
      expect(world.stored()).toBe('[]')
      expect(world.alarm).toBe(undefined)
    }
  })

  it.each<[string, Partial<KeeperRequest>]>([
    ['of a newer version', { version: 99 }],
    ['with no roots', { settings: { roots: 0, fanout: 3 } }],
    ['with a part of a root', { settings: { roots: 1.5, fanout: 3 } }],
    ['with too large a fanout', { settings: { roots: 2, fanout: 65 } }],
    ['of nothing that is known', { operation: { kind: 'forget' } as never }],
    ['of too many events', { operation: { kind: 'report', events: new Array(1_001).fill(SPLIT) } }],
    ['of no list', { operation: { kind: 'report', events: 'all' as never } }],
  ])('%s is refused', async (_, more) => {
    const world = new KeeperWorld()
    expect(await world.ask({ kind: 'rebuild' }, more)).toMatchObject({
      ok: false,
      error: { code: 'invalid_request' },
    })
    expect(world.stored()).toBe('[]')
  })

  it('with keys in another code is refused', async () => {
    const world = new KeeperWorld()
    const settings = { ...SETTINGS, codec: 9 }
    expect(await world.ask({ kind: 'status' }, { settings })).toMatchObject({
      error: { code: 'settings_mismatch' },
    })
  })

  it('to tables of a newer format is refused, and an alarm leaves them alone', async () => {
    const world = new KeeperWorld()
    await world.report(SPLIT)
    world.database.exec("UPDATE facts SET value = 99 WHERE name = 'storage_format'")
    world.restart()
    const stored = world.stored()
    expect(await world.report(SPLIT_BELOW)).toMatchObject({ error: { code: 'invalid_request' } })
    await world.pass(MINUTE)
    expect(world.stored()).toBe(stored)
    expect(world.puts).toEqual([])
    expect(world.alarm).toBeGreaterThan(world.now)
  })
})

describe('a rebuild', () => {
  it('finds the tree by asking for it, and forgets what is not true', () =>
    fc.assert(
      fc.asyncProperty(trees, trees, async (tree, other) => {
        const world = new KeeperWorld()
        // A database that has been deleted had grown otherwise.
        await world.report(...other.events)
        await world.pass(MINUTE)
        world.outlines = tree.outlines()
        expect(await world.ask({ kind: 'rebuild' })).toMatchObject({ status: { rebuilding: true } })
        await world.pass(5 * MINUTE)
        expect(await world.ask({ kind: 'status' })).toMatchObject({
          status: { rebuilding: false, published: true, promoted: tree.promoted.size },
        })
        expect(new Set(world.asked)).toEqual(new Set(tree.outlines().keys()))
        expectPublished(world, tree)
        expectPaced(world)
        expect(world.alarm).toBe(undefined)
        expect(world.stored()).not.toContain('"generation":0')
        // And what the other's events would have published is the same.
        const same = await published(tree.events)
        for (const [key, body] of same) expect(bodies(world.cache).get(key)).toBe(body)
      }),
      { numRuns: 100 },
    ))

  it('begins with nothing', async () => {
    const tree = new TestTree([{ kind: 'split', which: 0, at: 0 }])
    const world = new KeeperWorld()
    world.outlines = tree.outlines()
    await world.ask({ kind: 'rebuild' })
    await world.pass(MINUTE)
    expectPublished(world, tree)
    expect(world.asked.length).toBe(5)
  })

  it('ends with the tree, whatever grows meanwhile, does not answer, or crashes', () =>
    fc.assert(
      fc.asyncProperty(
        trees,
        trees,
        fc.infiniteStream(fc.option(growth, { nil: undefined, freq: 3 })),
        fc.infiniteStream(
          fc.constantFrom('answers', 'answers', 'answers late', 'is away', 'answers nonsense'),
        ),
        fc.infiniteStream(fc.option(fc.nat(60), { nil: undefined, freq: 2 })),
        async (tree, other, steps, fates, crashes) => {
          const world = new KeeperWorld()
          await world.report(...other.events)
          world.outlines = tree.outlines()
          let left = 60
          const told: Promise<unknown>[] = []
          world.onAsk = async (partition) => {
            const step = left-- > 0 ? steps.next().value : undefined
            const outline = world.outlines.get(partition)
            if (step !== undefined) {
              const known = tree.events.length
              tree.grow(step)
              const news = tree.events.slice(known)
              // Whoever grows tells it until it is heard.
              told.push(tell(world, news))
              world.outlines = tree.outlines()
            }
            const fate = left > 0 ? fates.next().value : 'answers'
            if (fate === 'is away') throw new Error('away')
            if (fate === 'answers late') await new Promise((resolve) => lateOnes.push(resolve as () => void))
            if (fate === 'answers nonsense' && outline !== undefined) {
              world.outlines = new Map(world.outlines).set(partition, {
                events: [],
                below: ['a%2Fb/h/0' as PartitionName],
              })
              queueMicrotask(() => {
                world.outlines = tree.outlines()
              })
            }
          }
          const lateOnes: (() => void)[] = []
          await world.ask({ kind: 'rebuild' })
          for (let i = 0; i < 40; i++) {
            world.touchesLeft = crashes.next().value ?? Number.POSITIVE_INFINITY
            await world.pass(3_000)
            for (const answer of lateOnes.splice(0)) answer()
            if (world.touchesLeft < 0) world.restart()
          }
          world.restart()
          world.onAsk = () => {}
          await world.ask({ kind: 'status' })
          await world.pass(10 * MINUTE)
          await Promise.all(told)
          await world.pass(MINUTE)
          expect(await world.ask({ kind: 'status' })).toMatchObject({
            status: { rebuilding: false, published: true, promoted: tree.promoted.size },
          })
          expectPublished(world, tree)
          expectPaced(world)
          expect(world.alarm).toBe(undefined)
        },
      ),
      { numRuns: 100 },
    ))

  it('goes on when it is asked for again', async () => {
    const world = new KeeperWorld()
    world.outlines = new TestTree().outlines()
    world.onAsk = (partition) => {
      if (partition === 'a%2Fb/h/1') throw new Error('away')
    }
    await world.ask({ kind: 'rebuild' })
    await world.pass(10_000)
    await world.ask({ kind: 'rebuild' })
    world.onAsk = () => {}
    await world.pass(MINUTE)
    expect(world.asked.filter((partition) => partition === 'a%2Fb/h/0').length).toBe(1)
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { rebuilding: false } })
  })

  it('puts right what was told otherwise', async () => {
    const tree = new TestTree([
      { kind: 'promotion', which: 1, at: 0 },
      { kind: 'rangeSplit', which: 0, at: 99 },
    ])
    const world = new KeeperWorld()
    await world.report(PROMOTION, RANGE_SPLIT)
    world.outlines = tree.outlines()
    await world.ask({ kind: 'rebuild' })
    await world.pass(MINUTE)
    expect(bodies(world.cache)).toEqual(
      new Map([
        ...(await published(tree.events)),
        ...bodies(new Map([[FOREST, world.cache.get(FOREST) as Uint8Array]])),
      ]),
    )
  })

  it('has ended for the next instance too', async () => {
    const world = new KeeperWorld()
    world.outlines = new TestTree().outlines()
    await world.ask({ kind: 'rebuild' })
    await world.pass(MINUTE)
    world.restart()
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { rebuilding: false } })
  })

  it('waits for those that do not answer, and asks the others', async () => {
    const tree = new TestTree([{ kind: 'split', which: 0, at: 0 }])
    const world = new KeeperWorld()
    world.outlines = tree.outlines()
    let isAway = true
    world.onAsk = (partition) => {
      if (!isAway) return undefined
      if (partition === 'a%2Fb/h/1') throw new Error('away')
      return partition === 'a%2Fb/h/0.1' ? new Promise(() => {}) : undefined
    }
    await world.ask({ kind: 'rebuild' })
    await world.pass(10 * MINUTE)
    expect(new Set(world.asked).size).toBe(5)
    expect(world.asked.length).toBeLessThan(50)
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { rebuilding: true } })
    isAway = false
    await world.pass(2 * MINUTE)
    expect(await world.ask({ kind: 'status' })).toMatchObject({
      status: { rebuilding: false, hashPartitions: 5 },
    })
  })

  it.each(['a%2Fb/h/0', 'a%2Fb/h/1', 'a%2Fb/h/0.7', 'other/h/0.1', 7 as never])(
    'believes nobody who names %s below itself',
    async (below) => {
      const world = new KeeperWorld()
      world.outlines = new Map([
        ...new TestTree().outlines(),
        ['a%2Fb/h/0' as PartitionName, { events: [SPLIT], below: [below as PartitionName] }],
      ])
      await world.ask({ kind: 'rebuild' })
      await world.pass(10 * MINUTE)
      expect(world.asked.length).toBeLessThan(30)
      expect(await world.ask({ kind: 'status' })).toMatchObject({
        status: { rebuilding: true, hashPartitions: 2 },
      })
    },
  )

  it('of a large tree goes on over many alarms, few calls at a time', async () => {
    const tree = new TestTree()
    for (let i = 0; i < 400; i++) tree.grow({ kind: 'split', which: (i * 2_654_435_761) >>> 5, at: 0 })
    const world = new KeeperWorld()
    world.outlines = tree.outlines()
    let underWay = 0
    let most = 0
    world.onAsk = async () => {
      most = Math.max(most, ++underWay)
      await Promise.resolve()
      underWay--
    }
    await world.ask({ kind: 'rebuild' })
    await world.pass(10 * MINUTE)
    expect(most).toBe(20)
    expect(world.asked.length).toBe(2 + 3 * 400)
    expectPublished(world, tree)
    expect(await world.ask({ kind: 'status' })).toMatchObject({ status: { hashPartitions: 2 + 3 * 400 } })
  })

  it('publishes everything, for a cache that has lost it', async () => {
    const tree = new TestTree([
      { kind: 'split', which: 0, at: 0 },
      { kind: 'promotion', which: 4, at: 0 },
      { kind: 'rangeSplit', which: 0, at: 0 },
    ])
    const world = new KeeperWorld()
    await world.report(...tree.events)
    await world.pass(MINUTE)
    const before = bodies(world.cache)
    world.cache.clear()
    world.outlines = tree.outlines()
    await world.ask({ kind: 'rebuild' })
    await world.pass(MINUTE)
    expect(bodies(world.cache)).toEqual(before)
  })
})

/** Tells events until they are heard. */
async function tell(world: KeeperWorld, events: readonly GrowthEvent[]): Promise<void> {
  for (let i = 0; i < 100_000; i++) {
    const told = await world.report(...events).then(
      ({ ok }) => ok,
      () => false,
    )
    if (told) return
    // Until there is another instance.
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
