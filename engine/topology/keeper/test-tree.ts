import type { GrowthEvent, Outline } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { childIndex, childOf, rangeRootOf, rootName } from '../partition-name.js'

export const DATABASE = 'a/b'
export const SETTINGS = { roots: 2, fanout: 3 }

/** A hash key of a test. The last ones are so long that their names hold a hash of them. */
export function hashKey(number: number): Uint8Array {
  const bytes = new Uint8Array(number % 7 === 6 ? 700 : 3).fill(number)
  bytes[bytes.length - 1] = number >>> 8
  return bytes
}

function sortKey(number: number): Uint8Array {
  return Uint8Array.of(number >>> 8, number & 0xff)
}

/** A way to grow. The numbers choose what grows of all that can. */
export interface Growth {
  readonly kind: GrowthEvent['kind']
  readonly which: number
  readonly at: number
}

interface HashNode {
  readonly name: PartitionName
  readonly children: HashNode[]
  readonly promoted: { readonly hashKey: Uint8Array; readonly root: RangeNode }[]
}

interface RangeNode {
  readonly name: PartitionName
  readonly hashKey: Uint8Array
  readonly from: number
  readonly to: number
  divided?: { readonly boundary: Uint8Array; readonly children: readonly [RangeNode, RangeNode] }
}

/** A plain tree that grows, and whose partitions say how. */
export class TestTree {
  /** All that has happened, in order. */
  readonly events: GrowthEvent[] = []
  readonly roots: HashNode[] = Array.from({ length: SETTINGS.roots }, (_, root) =>
    hashNode(rootName(DATABASE, root)),
  )
  readonly promoted = new Map<number, RangeNode>()

  constructor(growth: Iterable<Growth> = []) {
    for (const step of growth) this.grow(step)
  }

  grow({ kind, which, at }: Growth): void {
    const pick = <T>(from: readonly T[]): T | undefined => from[which % from.length]
    switch (kind) {
      case 'split':
        this.#split(pick(this.#leaves()))
        break
      case 'promotion':
        this.#promote(which)
        break
      case 'rangeSplit':
        this.#divide(pick(this.ranges()), at)
        break
    }
  }

  /** The name of the hash partition that a hash key belongs to. */
  leafOf(key: Uint8Array): PartitionName {
    let node = this.roots[childIndex(key, 0, SETTINGS.roots)] as HashNode
    for (let level = 1; node.children.length > 0; level++) {
      node = node.children[childIndex(key, level, SETTINGS.fanout)] as HashNode
    }
    return node.name
  }

  /** The range partitions that serve, of all hash keys or of one. */
  ranges(of: readonly RangeNode[] = [...this.promoted.values()]): RangeNode[] {
    return of.flatMap((node) => (node.divided === undefined ? [node] : this.ranges(node.divided.children)))
  }

  /** What each partition says when it is asked. */
  outlines(): Map<PartitionName, Outline> {
    const outlines = new Map<PartitionName, Outline>()
    for (const { name, children, promoted } of this.#all()) {
      outlines.set(name, {
        events: [
          ...(children.length > 0 ? [{ kind: 'split', partition: name } as const] : []),
          ...promoted.map(({ hashKey }) => ({ kind: 'promotion', hashKey }) as const),
        ],
        below: [...children.map(({ name }) => name), ...promoted.map(({ root }) => root.name)],
      })
    }
    const ranges = [...this.promoted.values()]
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const { name, hashKey, divided } = range
      const event =
        divided && ({ kind: 'rangeSplit', partition: name, hashKey, boundary: divided.boundary } as const)
      outlines.set(name, {
        events: event === undefined ? [] : [event],
        below: divided?.children.map(({ name }) => name) ?? [],
      })
      ranges.push(...(divided?.children ?? []))
    }
    return outlines
  }

  #all(nodes: readonly HashNode[] = this.roots): HashNode[] {
    return nodes.flatMap((node) => [node, ...this.#all(node.children)])
  }

  #leaves(): HashNode[] {
    return this.#all().filter(({ children }) => children.length === 0)
  }

  #split(node: HashNode | undefined): void {
    if (node === undefined) return
    for (let i = 0; i < SETTINGS.fanout; i++) node.children.push(hashNode(childOf(node.name, i)))
    // As promoted hash keys move on, and the partition that they were promoted out of forgets them in the end.
    for (const promoted of node.promoted) {
      const name = this.leafOf(promoted.hashKey)
      node.children.find((child) => child.name === name)?.promoted.push(promoted)
    }
    this.events.push({ kind: 'split', partition: node.name })
  }

  #promote(number: number): void {
    if (this.promoted.has(number)) return
    const key = hashKey(number)
    const name = this.leafOf(key)
    const root = { name: rangeRootOf(name, key), hashKey: key, from: 0, to: 0xff00 }
    this.promoted.set(number, root)
    this.#leaves()
      .find((leaf) => leaf.name === name)
      ?.promoted.push({ hashKey: key, root })
    this.events.push({ kind: 'promotion', hashKey: key })
  }

  #divide(range: RangeNode | undefined, at: number): void {
    if (range === undefined || range.to - range.from < 2) return
    const { name, hashKey, from, to } = range
    const middle = from + 1 + (at % (to - from - 1))
    range.divided = {
      boundary: sortKey(middle),
      children: [
        { name: childOf(name, 0), hashKey, from, to: middle },
        { name: childOf(name, 1), hashKey, from: middle, to },
      ],
    }
    this.events.push({ kind: 'rangeSplit', partition: name, hashKey, boundary: sortKey(middle) })
  }
}

function hashNode(name: PartitionName): HashNode {
  return { name, children: [], promoted: [] }
}
