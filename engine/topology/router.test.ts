import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import type { Route } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from './key-set.js'
import { childIndex, childOf, placeOf, rangeRootOf, rootOf } from './partition-name.js'
import { Router } from './router.js'

const SETTINGS = { roots: 2, fanout: 2 }
const HASH_KEYS = Array.from({ length: 12 }, (_, i) => Uint8Array.of(1, i))
/** Bounds of ranges, and keys that are asked for: at, before and behind them. */
const SORT_KEYS = Array.from({ length: 8 }, (_, i) => Uint8Array.of(2 * i))

/** A partition of a plain tree. */
interface Node {
  readonly route: Route
  children: readonly Node[]
}

/** What the whole tree is: nothing of it is ever forgotten. */
class Tree {
  readonly #roots = new Map<PartitionName, Node>()
  readonly #promoted = new Map<Uint8Array, Node>()

  /** Everybody above a key, from the root to its owner. */
  chain(hashKey: Uint8Array, sortKey: Uint8Array): Node[] {
    const chain: Node[] = []
    let level = 0
    for (let node: Node | undefined = this.#root(hashKey); node !== undefined; ) {
      chain.push(node)
      node = node.children[childIndex(hashKey, ++level, SETTINGS.fanout)]
    }
    for (let node = this.#promoted.get(hashKey); node !== undefined; ) {
      chain.push(node)
      node = node.children.find(({ route }) => holdsKey(route.range?.interval as Interval, sortKey))
    }
    return chain
  }

  owner(hashKey: Uint8Array, sortKey: Uint8Array): Node {
    return this.chain(hashKey, sortKey).at(-1) as Node
  }

  /** The owner of the hash key's hash partition splits. */
  split(hashKey: Uint8Array): void {
    const node = this.chain(hashKey, SORT_KEYS[0] as Uint8Array)
      .filter(({ route }) => route.range === undefined)
      .at(-1) as Node
    node.children = Array.from({ length: SETTINGS.fanout }, (_, index) => ({
      route: { partition: childOf(node.route.partition, index) },
      children: [],
    }))
  }

  promote(hashKey: Uint8Array): void {
    if (this.#promoted.has(hashKey)) return
    const { route } = this.owner(hashKey, SORT_KEYS[0] as Uint8Array)
    const range = { hashKey, interval: EVERYTHING }
    this.#promoted.set(hashKey, {
      route: { partition: rangeRootOf(route.partition, hashKey), range },
      children: [],
    })
  }

  /** The range that holds a key splits at all bounds that lie within it. */
  splitRange(hashKey: Uint8Array, sortKey: Uint8Array, bounds: readonly Uint8Array[]): void {
    const node = this.owner(hashKey, sortKey)
    const { partition, range } = node.route
    if (range === undefined) return
    const { from, to } = range.interval
    const within = bounds.filter((bound) => compareBytes(from, bound) < 0 && compareBytes(bound, to) < 0)
    if (within.length === 0) return
    const ends = [from, ...within, to]
    node.children = ends.slice(1).map((end, index) => ({
      route: {
        partition: childOf(partition, index),
        range: { hashKey, interval: { from: ends[index] as Uint8Array, to: end } },
      },
      children: [],
    }))
  }

  get nodes(): Node[] {
    const nodes: Node[] = []
    const visit = (node: Node) => {
      nodes.push(node)
      node.children.forEach(visit)
    }
    for (const node of [...this.#roots.values(), ...this.#promoted.values()]) visit(node)
    return nodes
  }

  #root(hashKey: Uint8Array): Node {
    const partition = rootOf('main', hashKey, SETTINGS.roots)
    const root = this.#roots.get(partition) ?? { route: { partition }, children: [] }
    this.#roots.set(partition, root)
    return root
  }
}

const hashKey = fc.constantFrom(...HASH_KEYS)
const sortKey = fc.constantFrom(...SORT_KEYS)
const growth = fc.oneof(
  hashKey.map((key) => (tree: Tree) => tree.split(key)),
  hashKey.map((key) => (tree: Tree) => tree.promote(key)),
  fc
    .tuple(hashKey, sortKey, fc.subarray(SORT_KEYS, { minLength: 1, maxLength: 3 }))
    .map(([key, at, bounds]) => (tree: Tree) => {
      tree.promote(key)
      tree.splitRange(key, at, bounds)
    }),
)
const grown = fc.array(growth, { maxLength: 40 }).map((steps) => {
  const tree = new Tree()
  for (const step of steps) step(tree)
  return tree
})
/** A tree, and some of its partitions in any order: of ranges perhaps a part only. */
const heard = grown.chain((tree) =>
  fc.tuple(
    fc.constant(tree),
    fc
      .shuffledSubarray(tree.nodes)
      .chain((nodes) =>
        fc.tuple(
          ...nodes.map(({ route }) =>
            fc.tuple(fc.constant(route), fc.option(fc.tuple(sortKey, sortKey), { freq: 4 })),
          ),
        ),
      ),
  ),
)

function narrowed([{ partition, range }, bounds]: readonly [
  Route,
  readonly [Uint8Array, Uint8Array] | null,
]): Route[] {
  if (range === undefined || bounds === null) return [{ partition, ...(range && { range }) }]
  const interval = intersect(range.interval, { from: bounds[0], to: bounds[1] })
  return isEmpty(interval) ? [] : [{ partition, range: { ...range, interval } }]
}

const KEYS = HASH_KEYS.flatMap((hashKey) =>
  [...SORT_KEYS, ...SORT_KEYS.map(([first = 0]) => Uint8Array.of(first, 7))].map((sortKey) => ({
    hashKey,
    sortKey,
  })),
)

describe('a router', () => {
  it('sends to the owner or to somebody above it, and never further up than before', () => {
    fc.assert(
      fc.property(heard, ([tree, learned]) => {
        const router = new Router('main', SETTINGS)
        const depths = KEYS.map(() => 0)
        for (const each of [[], ...learned.map(narrowed)]) {
          for (const route of each) router.learn(route)
          KEYS.forEach(({ hashKey, sortKey }, i) => {
            const chain = tree.chain(hashKey, sortKey).map(({ route }) => route.partition)
            const depth = chain.indexOf(router.ownerOf(hashKey, sortKey))
            expect(depth).toBeGreaterThanOrEqual(depths[i] as number)
            depths[i] = depth
          })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('that has learned every owner knows whom to ask', () => {
    fc.assert(
      fc.property(
        grown.chain((tree) => fc.tuple(fc.constant(tree), fc.shuffledSubarray(tree.nodes))),
        fc.infiniteStream(fc.boolean()),
        ([tree, others], coin) => {
          const router = new Router('main', SETTINGS)
          const leaves = tree.nodes.filter(({ children }) => children.length === 0)
          for (const { route } of others) router.learn(route)
          for (const { route } of leaves) {
            // What is above it may be heard of late.
            if (coin.next().value) router.learn((others[0] ?? { route }).route)
            router.learn(route)
          }
          for (const { hashKey, sortKey } of KEYS) {
            expect(router.ownerOf(hashKey, sortKey)).toBe(tree.owner(hashKey, sortKey).route.partition)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('tells others what they need to know, to ask for a key where it would ask', () => {
    fc.assert(
      fc.property(heard, ([, learned]) => {
        const router = new Router('main', SETTINGS)
        for (const route of learned.flatMap(narrowed)) router.learn(route)
        for (const { hashKey, sortKey } of KEYS) {
          const other = new Router('main', SETTINGS)
          other.learn(router.routeTo(hashKey, sortKey))
          expect(other.ownerOf(hashKey, sortKey)).toBe(router.ownerOf(hashKey, sortKey))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('cuts an interval into pieces that have all of it, each of the one who is asked for its keys', () => {
    fc.assert(
      fc.property(heard, hashKey, sortKey, sortKey, ([, learned], hashKey, one, other) => {
        const [from, to] = compareBytes(one, other) < 0 ? [one, other] : [other, one]
        const router = new Router('main', SETTINGS)
        for (const route of learned.flatMap(narrowed)) router.learn(route)
        const span = { hashKey, interval: { from, to } }
        const pieces = router.piecesOf(span)
        expect(router.firstOf(span, false)).toBe(pieces[0]?.partition ?? router.ownerOf(hashKey, from))
        expect(router.firstOf(span, true)).toBe(pieces.at(-1)?.partition ?? router.ownerOf(hashKey, from))
        if (isEmpty(span.interval)) return
        let at: Uint8Array = from
        for (const { partition, interval } of pieces) {
          expect(interval.from).toEqual(at)
          expect(isEmpty(interval)).toBe(false)
          for (const key of KEYS.filter((key) => sameBytes(key.hashKey, hashKey))) {
            if (holdsKey(interval, key.sortKey)) expect(router.ownerOf(hashKey, key.sortKey)).toBe(partition)
          }
          at = interval.to
        }
        expect(at).toEqual(to)
      }),
      { numRuns: 1_000 },
    )
  })

  it('with little room knows what it has learned last, and is right about the rest', () => {
    fc.assert(
      fc.property(grown, fc.integer({ min: 1, max: 6 }), fc.infiniteStream(fc.nat()), (tree, most, pick) => {
        const router = new Router('main', SETTINGS, { mostKept: most })
        for (let i = 0; i < 30; i++) {
          const { hashKey, sortKey } = KEYS[(pick.next().value as number) % KEYS.length] as (typeof KEYS)[0]
          const owner = tree.owner(hashKey, sortKey).route
          router.learn(owner)
          expect(router.size.hashPartitions).toBeLessThanOrEqual(most)
          expect(router.size.ranges).toBeLessThanOrEqual(most)
          const roomNeeded = owner.range === undefined ? placeOf(owner.partition).path.length - 1 : 1
          if (roomNeeded <= most) expect(router.ownerOf(hashKey, sortKey)).toBe(owner.partition)
          for (const key of KEYS) {
            const chain = tree.chain(key.hashKey, key.sortKey).map(({ route }) => route.partition)
            expect(chain).toContain(router.ownerOf(key.hashKey, key.sortKey))
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('forgets a partition that let somebody above it answer', () => {
    const key = HASH_KEYS[0] as Uint8Array
    const router = new Router('main', SETTINGS)
    const root = rootOf('main', key, SETTINGS.roots)
    const child = childOf(root, childIndex(key, 1, SETTINGS.fanout))
    router.learn({ partition: child })
    expect(router.ownerOf(key, key)).toBe(child)
    router.learn({ partition: root }, child)
    expect(router.ownerOf(key, key)).toBe(root)
    const range = rangeRootOf(root, key)
    router.learn({ partition: range, range: { hashKey: key, interval: EVERYTHING } })
    expect(router.ownerOf(key, key)).toBe(range)
    router.learn({ partition: root }, range)
    expect(router.ownerOf(key, key)).toBe(root)
  })

  it('keeps what is below a partition that has answered for itself', () => {
    const key = HASH_KEYS[0] as Uint8Array
    const router = new Router('main', SETTINGS)
    const root = rootOf('main', key, SETTINGS.roots)
    const child = childOf(root, childIndex(key, 1, SETTINGS.fanout))
    router.learn({ partition: child }, root)
    router.learn({ partition: root }, root)
    expect(router.ownerOf(key, key)).toBe(child)
  })
})
