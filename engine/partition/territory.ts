import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { KeySet, PinnedSettings, Route, Span } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import {
  childIndex,
  isUnder,
  type PartitionPlace,
  parentOf,
  placeOf,
  rootOf,
} from '../topology/partition-name.js'

/** Something at a hash key: one sort key, or the one right before it, or an interval of them. */
export type Spot =
  | { readonly hashKey: Uint8Array; readonly sortKey: Uint8Array; readonly before?: boolean }
  | Span

/** How a partition came to be: nothing for a root, which always was. */
export interface Arrival {
  readonly source: PartitionName
  readonly set: KeySet
  readonly serves: boolean
}

/** What has moved away from a partition. */
export interface Gone {
  /** Sets that went to children, each with who has it. */
  readonly children: readonly { readonly set: KeySet; readonly target: PartitionName }[]
  /** Hash keys with range partitions of their own, by their texts. */
  readonly promoted: ReadonlyMap<string, Route>
}

/** What nobody has taken from a partition that has just begun. */
export const NOTHING_GONE: Gone = { children: [], promoted: new Map() }

/** The keys that a partition serves, and who is next for the others. Decided from its own storage alone. */
export class Territory {
  readonly #name: PartitionName
  readonly #place: PartitionPlace
  readonly #arrival: Arrival | undefined
  readonly #gone: Gone

  /** @param arrival how it came to be, if anybody has made it a part of the tree. */
  constructor(name: PartitionName, arrival: Arrival | undefined, gone: Gone) {
    this.#name = name
    this.#place = placeOf(name)
    this.#arrival = arrival
    this.#gone = gone
  }

  get isRoot(): boolean {
    return this.#place.kind === 'hash' && this.#place.path.length <= 1
  }

  /** Whether it is a part of the tree that answers for something. */
  get serves(): boolean {
    return this.isRoot || this.#arrival?.serves === true
  }

  /** Of a range partition: what it has, or had, to serve. */
  get range(): Span | undefined {
    const set = this.#arrival?.set
    if (set === undefined || set.kind === 'child') return undefined
    return { hashKey: set.hashKey, interval: set.kind === 'interval' ? set.interval : EVERYTHING }
  }

  get route(): Route {
    const { range } = this
    return { partition: this.#name, ...(range === undefined ? undefined : { range }) }
  }

  get children(): readonly Route[] {
    return this.#gone.children.map(({ set, target }) => routeOf(target, set))
  }

  get promoted(): readonly Route[] {
    return [...this.#gone.promoted.values()]
  }

  /** Whether all of a hash key's keys are here; of a range partition, all that it has to serve. */
  servesHashKey(hashKey: Uint8Array): boolean {
    return !this.#gone.promoted.has(keyText(hashKey)) && this.#childrenWith(hashKey).length === 0
  }

  /** What of a hash key's sort keys a range partition has, or had, to serve: nothing, if that is not its hash key. */
  rangeOf(hashKey: Uint8Array): Interval | undefined {
    const { range } = this
    return range !== undefined && sameBytes(range.hashKey, hashKey) ? range.interval : undefined
  }

  /** Of a range partition that is dividing: what has moved away. */
  get movedIntervals(): readonly Interval[] {
    return this.#childrenInOrder().map(({ set }) => set.interval)
  }

  /** Of a range partition that is dividing: what of its hash key is left. Nothing, if that is not its hash key, or no part of it. */
  left(hashKey: Uint8Array): Interval[] | undefined {
    const { range } = this
    if (range === undefined || !sameBytes(range.hashKey, hashKey)) return undefined
    const left: Interval[] = []
    let { from } = range.interval
    for (const { set } of this.#childrenInOrder()) {
      if (compareBytes(from, set.interval.from) < 0) left.push({ from, to: set.interval.from })
      from = set.interval.to
    }
    if (compareBytes(from, range.interval.to) < 0) left.push({ from, to: range.interval.to })
    return left.length === 0 ? undefined : left
  }

  /** Whether a key is served here, as far as what has moved away tells. */
  keeps(hashKey: Uint8Array, sortKey: Uint8Array): boolean {
    if (this.#gone.promoted.size === 0 && this.#gone.children.length === 0) return true
    if (this.#gone.promoted.has(keyText(hashKey))) return false
    return !this.#childrenWith(hashKey).some(
      ({ set }) => set.kind !== 'interval' || holdsKey(set.interval, sortKey),
    )
  }

  /** Who is next for something: all of them, if it is an interval that several have. */
  nextFor(spot: Spot, settings: PinnedSettings): readonly Route[] {
    const { hashKey } = spot
    if (!this.serves) return [{ partition: this.#arrival?.source ?? this.#parentFor(hashKey, settings) }]
    if (this.#place.kind === 'hash') return [this.#nextByHash(hashKey, settings)]
    const { range } = this
    if (range === undefined || !sameBytes(range.hashKey, hashKey)) {
      return [{ partition: this.#parentFor(hashKey, settings) }]
    }
    return 'interval' in spot
      ? this.#nextInRange(range, spot.interval, settings)
      : [this.#nextAt(range, spot, settings)]
  }

  #nextByHash(hashKey: Uint8Array, settings: PinnedSettings): Route {
    const { roots, fanout } = settings
    const { path, database } = this.#place
    if (!isUnder(this.#place, hashKey, roots, fanout)) {
      const root = rootOf(decodeURIComponent(database), hashKey, roots)
      return { partition: root === this.#name ? this.#parentFor(hashKey, settings) : root }
    }
    if (this.#gone.children.length > 0) {
      const index = childIndex(hashKey, path.length, fanout)
      const child = this.#gone.children.find(({ set }) => set.kind === 'child' && set.index === index)
      if (child !== undefined) return routeOf(child.target, child.set)
    }
    if (this.#gone.promoted.size > 0) {
      const promoted = this.#gone.promoted.get(keyText(hashKey))
      if (promoted !== undefined) return promoted
    }
    return { partition: this.#name }
  }

  #nextAt(
    { interval }: Span,
    spot: { hashKey: Uint8Array; sortKey: Uint8Array; before?: boolean },
    settings: PinnedSettings,
  ): Route {
    const holds = ({ from, to }: Interval) =>
      spot.before === true
        ? compareBytes(from, spot.sortKey) < 0 && compareBytes(spot.sortKey, to) <= 0
        : holdsKey({ from, to }, spot.sortKey)
    if (!holds(interval)) return { partition: this.#parentFor(spot.hashKey, settings) }
    const child = this.#gone.children.find(({ set }) => set.kind === 'interval' && holds(set.interval))
    return child === undefined ? this.route : routeOf(child.target, child.set)
  }

  #nextInRange(own: Span, whole: Interval, settings: PinnedSettings): Route[] {
    const wanted = intersect(EVERYTHING, whole)
    if (isEmpty(wanted)) return [this.route]
    const next: Route[] = []
    const inside = intersect(own.interval, wanted)
    const all = compareBytes(inside.from, wanted.from) === 0 && compareBytes(inside.to, wanted.to) === 0
    if (!all) next.push({ partition: this.#parentFor(own.hashKey, settings) })
    if (isEmpty(inside)) return next
    let from = inside.from
    let here = false
    for (const { set, target } of this.#childrenInOrder()) {
      const overlap = intersect(set.interval, inside)
      if (isEmpty(overlap)) continue
      if (compareBytes(from, overlap.from) < 0) here = true
      next.push(routeOf(target, set))
      from = overlap.to
    }
    if (here || compareBytes(from, inside.to) < 0) next.push(this.route)
    return next
  }

  /** What of an interval that begins here, or ends here if it is read from there, is served here: all up to what is not. */
  stretchHere(interval: Interval, descending: boolean): Interval {
    const { range } = this
    if (range === undefined) return interval
    let { from, to } = intersect(range.interval, interval)
    for (const { set } of this.#childrenInOrder()) {
      if (isEmpty(intersect(set.interval, { from, to }))) continue
      if (descending) from = set.interval.to
      else {
        to = set.interval.from
        break
      }
    }
    return { from, to }
  }

  #childrenInOrder() {
    return this.#gone.children
      .flatMap(({ set, target }) => (set.kind === 'interval' ? [{ set, target }] : []))
      .sort((left, right) => compareBytes(left.set.interval.from, right.set.interval.from))
  }

  #childrenWith(hashKey: Uint8Array) {
    return this.#gone.children.filter(({ set }) =>
      set.kind === 'child'
        ? childIndex(hashKey, set.level, set.fanout) === set.index
        : sameBytes(set.hashKey, hashKey),
    )
  }

  #parentFor(hashKey: Uint8Array, { roots }: PinnedSettings): PartitionName {
    return this.#arrival?.source ?? parentOf(this.#name, hashKey, roots) ?? this.#name
  }
}

/** The way to a partition that has got a set. */
export function routeOf(target: PartitionName, set: KeySet): Route {
  if (set.kind === 'child') return { partition: target }
  return {
    partition: target,
    range: { hashKey: set.hashKey, interval: set.kind === 'interval' ? set.interval : EVERYTHING },
  }
}
