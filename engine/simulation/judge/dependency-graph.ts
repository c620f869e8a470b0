import type { Edge, Edges } from './cycles.js'
import type { Key, RangeObservation, Transaction } from './history.js'
import { happened, lastMoment } from './moments.js'
import type { Version } from './version-order.js'

/** Why `from` must come before `to` in every order that explains what was seen. */
export type Dependency =
  /** `to` overwrote what `from` had written. */
  | { readonly kind: 'ww'; readonly from: Transaction; readonly to: Transaction; readonly by: Version }
  /** `to` saw what `from` had written: a row, or none after a delete. */
  | { readonly kind: 'wr'; readonly from: Transaction; readonly to: Transaction; readonly seen: Version }
  /** `from` did not see what `to` wrote next. */
  | {
      readonly kind: 'rw'
      readonly from: Transaction
      readonly to: Transaction
      /** `undefined`: the absence before any write. */
      readonly seen: Version | undefined
      readonly missed: Version
      /** The range that should have shown the row, if it was no read of the key itself. */
      readonly phantomIn: RangeObservation | undefined
    }
  /** `from` was acknowledged before `to` was called. */
  | { readonly kind: 'rt'; readonly from: Transaction; readonly to: Transaction }

export type DependencyKind = Dependency['kind']

/** An edge to or from a barrier is a part of a real-time dependency, and has none of its own. */
export interface DependencyEdge extends Edge {
  readonly kind: DependencyKind
  readonly dependency: Dependency | undefined
}

/**
 * Who must come before whom. Its nodes are the transactions that happened, in the order of their calls, and
 * after them the barriers: points in time that stand between those answered before and those called after, so
 * that real time needs few edges per transaction instead of one for every pair.
 */
export class DependencyGraph {
  readonly #transactions: readonly Transaction[]
  readonly #nodes: ReadonlyMap<Transaction, number>
  readonly #edges: DependencyEdge[][]

  constructor(transactions: readonly Transaction[]) {
    this.#transactions = transactions.filter(happened)
    this.#nodes = new Map(this.#transactions.map((transaction, node) => [transaction, node]))
    this.#edges = this.#transactions.map(() => [])
    this.#addRealTime()
  }

  /** A transaction does not depend on itself: that it read or overwrote its own is left out. */
  add(dependency: Dependency): void {
    const { kind } = dependency
    if (dependency.from === dependency.to) return
    this.#connect({
      from: this.#node(dependency.from),
      to: this.#node(dependency.to),
      length: 1,
      kind,
      dependency,
    })
  }

  /** The edges of these kinds alone, and of those only what `is` says. */
  only(kinds: readonly DependencyKind[], is?: (dependency: Dependency) => boolean): Edges<DependencyEdge> {
    return this.#edges.map((edges) =>
      edges.filter(
        ({ kind, dependency }) =>
          kinds.includes(kind) && (is === undefined || (dependency !== undefined && is(dependency))),
      ),
    )
  }

  /** All edges, by the node that they leave. */
  get edges(): Edges<DependencyEdge> {
    return this.#edges
  }

  /** A path without its barriers. */
  dependencies(path: readonly DependencyEdge[]): Dependency[] {
    const found: Dependency[] = []
    // A cycle starts at a transaction, never at a barrier.
    let from = this.#transactions[path[0]?.from ?? 0] as Transaction
    for (const { to: node, dependency } of path) {
      const to = this.#transactions[node]
      if (to === undefined) continue
      found.push(dependency ?? { kind: 'rt', from, to })
      from = to
    }
    return found
  }

  /** All that must come behind a transaction, as far as is known. */
  after(transaction: Transaction): ReadonlySet<Transaction> {
    const found = new Set<Transaction>()
    const seen = new Set<number>()
    const open = [this.#node(transaction)]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const { to } of this.#edges[node] ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        open.push(to)
        const reached = this.#transactions[to]
        if (reached !== undefined) found.add(reached)
      }
    }
    return found
  }

  /** Whether it is no barrier. */
  isTransaction(node: number): boolean {
    return node < this.#transactions.length
  }

  #addRealTime(): void {
    const answered = this.#transactions
      .map((transaction, node) => ({ node, at: lastMoment(transaction) }))
      .filter(({ at }) => at < Number.POSITIVE_INFINITY)
      .sort((left, right) => left.at - right.at)
    const barrier = { kind: 'rt', dependency: undefined } as const
    let next = 0
    let last: number | undefined
    for (const [node, { called }] of this.#transactions.entries()) {
      const since = next
      while ((answered[next]?.at ?? called) < called) next++
      if (next > since) {
        const made = this.#edges.push([]) - 1
        if (last !== undefined) this.#connect({ from: last, to: made, length: 0, ...barrier })
        for (const before of answered.slice(since, next))
          this.#connect({ from: before.node, to: made, length: 1, ...barrier })
        last = made
      }
      if (last !== undefined) this.#connect({ from: last, to: node, length: 0, ...barrier })
    }
  }

  #connect(edge: DependencyEdge): void {
    this.#edges[edge.from]?.push(edge)
  }

  #node(transaction: Transaction): number {
    const node = this.#nodes.get(transaction)
    if (node === undefined) throw new Error(`T${transaction.id} is not known to have happened.`)
    return node
  }
}

/** The keys that a dependency is about. */
export function keysOf(dependency: Dependency): Key[] {
  switch (dependency.kind) {
    case 'ww':
      return [dependency.by.key]
    case 'wr':
      return [dependency.seen.key]
    case 'rw':
      return [dependency.missed.key]
    case 'rt':
      return []
    default:
      return dependency satisfies never
  }
}
