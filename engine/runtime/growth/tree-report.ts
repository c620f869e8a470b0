import { compareBytes, sameBytes } from '../../keys/compare-bytes.js'
import { keyText } from '../../keys/key-text.js'
import type { PartitionDescription } from '../../operations.js'
import type { Store } from '../../store.js'
import { EVERYTHING } from '../../topology/key-set.js'
import type { MeasuredDatabase } from './database.js'

/** What a tree has come to. */
export interface TreeReport {
  /** Partitions that serve something, and those that have handed over all that they had. */
  readonly owners: number
  readonly emptied: number
  readonly promoted: number
  /** Items that all of them serve. */
  readonly items: number
  /** Of those that serve something: bytes of the largest, and all together. */
  readonly largest: number
  readonly bytes: number
  /** Bytes that those take which serve nothing any more: of the largest, and all together. */
  readonly largestEmptied: number
  readonly bytesEmptied: number
  /** What is wrong with it. */
  readonly findings: readonly string[]
}

/** Waits until nothing moves any more. Looking takes every partition some time: not too often. */
export async function restingTree(store: Store, patience: number): Promise<PartitionDescription[]> {
  const until = Date.now() + patience
  let calm = 0
  for (;;) {
    const tree = await store.tree()
    calm = tree.some(isMoving) ? 0 : calm + 1
    // What has just arrived may be about to split on.
    if (calm === 3) return tree
    if (Date.now() > until) {
      const moving = tree
        .filter(isMoving)
        .map(({ partition, state, moving }) => ({ partition, state, moving }))
      throw new Error(`the tree does not come to rest: ${JSON.stringify(moving)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

function isMoving({ state, moving }: PartitionDescription): boolean {
  return state === 'arriving' || moving.length > 0
}

export function reportTree(tree: readonly PartitionDescription[], { fanout }: MeasuredDatabase): TreeReport {
  const owners = tree.filter(({ children }) => children.length === 0)
  const emptied = tree.filter(({ children }) => children.length > 0)
  const sizes = owners.map(({ bytes }) => bytes)
  const wasted = emptied.map(({ bytes }) => bytes)
  return {
    owners: owners.length,
    emptied: emptied.length,
    promoted: tree.reduce(
      (sum, { children, promoted }) => sum + (children.length > 0 ? 0 : promoted.length),
      0,
    ),
    items: tree.reduce((sum, { items }) => sum + items, 0),
    largest: Math.max(0, ...sizes),
    bytes: sum(sizes),
    largestEmptied: Math.max(0, ...wasted),
    bytesEmptied: sum(wasted),
    findings: [...findHashPartitions(tree, fanout), ...findRanges(tree)],
  }
}

/** Every hash partition that has split has all of its children, and each of them serves. */
function findHashPartitions(tree: readonly PartitionDescription[], fanout: number): string[] {
  const known = new Map(tree.map((described) => [described.partition, described]))
  return tree.flatMap(({ partition, kind, state, children }) => {
    const findings: string[] = []
    if (state !== 'serving') findings.push(`${partition} is ${state}`)
    if (kind === 'hash' && children.length !== 0 && children.length !== fanout) {
      findings.push(`${partition} has ${children.length} children`)
    }
    for (const child of children) {
      if (known.get(child.partition)?.state !== 'serving') findings.push(`${child.partition} does not serve`)
    }
    return findings
  })
}

/** The ranges of a promoted hash key that have not been divided again are all of it, and none overlaps another. */
function findRanges(tree: readonly PartitionDescription[]): string[] {
  const owners = tree.filter(({ kind, children }) => kind === 'range' && children.length === 0)
  const byHashKey = Map.groupBy(owners, ({ range }) => keyText(range?.hashKey ?? new Uint8Array()))
  return [...byHashKey.values()].flatMap((ofHashKey) => {
    const intervals = ofHashKey
      .flatMap(({ range }) => (range === undefined ? [] : [range.interval]))
      .sort((left, right) => compareBytes(left.from, right.from))
    const findings: string[] = []
    let { from } = EVERYTHING
    for (const interval of intervals) {
      if (!sameBytes(interval.from, from)) findings.push(`a range begins at ${interval.from}, not at ${from}`)
      from = interval.to
    }
    if (!sameBytes(from, EVERYTHING.to)) findings.push(`the last range ends at ${from}`)
    return findings
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
