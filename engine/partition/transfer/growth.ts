import { compareBytes } from '../../keys/compare-bytes.js'
import { keyText } from '../../keys/key-text.js'
import { mark } from '../../mark.js'
import type { ItemKey, KeySet, PinnedSettings } from '../../operations.js'
import type { Clock, Millis, PartitionName, Random, Storage } from '../../ports.js'
import type { SplitAt } from '../../settings.js'
import { childOf, placeOf, rangeRootOf } from '../../topology/partition-name.js'
import type { Territory } from '../territory.js'
import { Heat } from './heat.js'
import type { Pace } from './pace.js'
import { boundaryByBytes, boundaryByLoad, type Survey, survey } from './survey.js'
import type { StoredTransfer } from './transfer-store.js'

/** Where there was nothing to divide, nothing is looked for so long. */
const REST: Millis = 60_000
/** A database takes more than its items: less than this share of the threshold in items is not worth a split. */
const LEAST_SHARE = 0.4
/** A name has at most 1,024 bytes. */
const MAX_NAME_LENGTH = 1_000
/** Where a range is cut that grows at its end alone, by bytes: when the latest writes all went behind that. */
const AT_THE_END = 0.9

/** What planning looks at. */
export interface GrowthPlace {
  readonly name: PartitionName
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly splitAt: SplitAt
  readonly sustainedFor: Millis
  readonly pace: Pace
  territory(): Territory
  /** Whether anything may be planned now: it serves, and nothing else is under way. */
  mayPlan(): PinnedSettings | undefined
  plan(transfers: readonly Omit<StoredTransfer, 'state'>[]): void
}

/** Decides when a partition splits, and how: checked after every kind of write, and by the number of requests. */
export class Growth {
  readonly #place: GrowthPlace
  readonly #heat: Heat
  /** Since the size was looked at: an instance looks with its first one, because it may live for a few. */
  #writes = Number.POSITIVE_INFINITY
  #bytes: number | undefined
  #planning = false
  /** Until when nothing is looked for, and from how many bytes on all the same. */
  #rest: { readonly until: Millis; readonly bytes: number } | undefined

  constructor(place: GrowthPlace) {
    this.#place = place
    this.#heat = new Heat(place.splitAt.requestsPerSecond, place.sustainedFor)
  }

  rate(now: Millis): number {
    return this.#heat.rate(now)
  }

  /** Notes a request that was served here. @returns what makes a split worth planning, if anything does. */
  note(key: ItemKey, wrote: boolean): 'bytes' | 'requests' | undefined {
    const { clock, splitAt, pace } = this.#place
    const hot = this.#heat.note(key, wrote, clock.now())
    if (this.#planning) return undefined
    if (wrote && ++this.#writes >= pace.writes) {
      this.#writes = 0
      if (this.#look() > splitAt.bytes && !this.#rests()) return 'bytes'
    }
    return hot && !this.#rests() ? 'requests' : undefined
  }

  /** What the partition takes, as it was seen last. Above the threshold it is looked at each time. */
  bytes(): number {
    const known = this.#bytes
    return known === undefined || known > this.#place.splitAt.bytes ? this.#look() : known
  }

  #look(): number {
    this.#bytes = this.#place.storage.bytes()
    return this.#bytes
  }

  /** Whether the partition is larger than it should be: asked when something that was under way has ended. */
  isLarge(): boolean {
    return this.#place.storage.bytes() > this.#place.splitAt.bytes && !this.#rests()
  }

  /** Plans a split, if there is something to divide. Never throws. @returns whether it did. */
  async grow(why: 'bytes' | 'requests'): Promise<boolean> {
    if (this.#planning || this.#place.mayPlan() === undefined) return false
    this.#planning = true
    try {
      const { storage, clock, pace } = this.#place
      const found = await survey(storage, clock, pace.surveyed, (...key) =>
        this.#place.territory().keeps(...key),
      )
      // What was found is some time ago: what was planned meanwhile is planned.
      const settings = this.#place.mayPlan()
      if (settings === undefined) return false
      const sets = this.#divide(why, found, settings)
      if (sets.length === 0) {
        MARK: mark('there is nothing to divide')
        this.rest()
        return false
      }
      this.#place.plan(
        sets.map(({ target, set }, place) => ({ id: this.#place.random.token(), place, target, set })),
      )
      return true
    } catch {
      return false
    } finally {
      this.#planning = false
    }
  }

  /** Leaves it for some time. */
  rest(): void {
    const { clock, storage } = this.#place
    this.#rest = { until: clock.now() + REST, bytes: storage.bytes() * 1.2 }
  }

  #rests(): boolean {
    if (this.#rest === undefined) return false
    const { clock, storage } = this.#place
    const now = clock.now()
    // A clock that is set back must not make a minute a year.
    const over =
      now >= this.#rest.until || now < this.#rest.until - REST || storage.bytes() > this.#rest.bytes
    if (over) this.#rest = undefined
    return !over
  }

  #divide(
    why: 'bytes' | 'requests',
    found: Survey,
    settings: PinnedSettings,
  ): { target: PartitionName; set: KeySet }[] {
    const { name, splitAt } = this.#place
    if (why === 'bytes' && found.bytes < splitAt.bytes * LEAST_SHARE) return []
    const sets =
      placeOf(name).kind === 'hash' ? this.#divideHash(why, found, settings) : this.#divideRange(why, found)
    return sets.every(({ target }) => target.length <= MAX_NAME_LENGTH) ? sets : []
  }

  #divideHash(
    why: 'bytes' | 'requests',
    found: Survey,
    { fanout }: PinnedSettings,
  ): { target: PartitionName; set: KeySet }[] {
    const { name } = this.#place
    const outstanding = why === 'bytes' ? this.#largest(found) : this.#hottest()
    if (outstanding !== undefined) {
      return [{ target: rangeRootOf(name, outstanding), set: { kind: 'hashKey', hashKey: outstanding } }]
    }
    const divisible =
      why === 'bytes'
        ? found.hashKeys > 1
        : new Set(this.#samples().map(({ hashKey }) => keyText(hashKey))).size > 1
    if (!divisible) return []
    const level = placeOf(name).path.length
    return Array.from({ length: fanout }, (_, index) => ({
      target: childOf(name, index),
      set: { kind: 'child', level, fanout, index },
    }))
  }

  #divideRange(why: 'bytes' | 'requests', found: Survey): { target: PartitionName; set: KeySet }[] {
    const { name } = this.#place
    const { range } = this.#place.territory()
    if (range === undefined) return []
    const { hashKey, interval } = range
    const boundary =
      why === 'bytes' ? this.#boundaryByBytes(found, interval) : boundaryByLoad(this.#samples(), interval)
    if (boundary === undefined) return []
    const intervals = [
      { from: interval.from, to: boundary },
      { from: boundary, to: interval.to },
    ]
    return intervals.map((interval, index) => ({
      target: childOf(name, index),
      set: { kind: 'interval', hashKey, interval },
    }))
  }

  /** In the middle; near the end of what grows at its end, because what is behind never fills up again. */
  #boundaryByBytes(found: Survey, interval: { from: Uint8Array; to: Uint8Array }): Uint8Array | undefined {
    const late = boundaryByBytes(found, AT_THE_END, interval)
    if (late === undefined) return undefined
    const atEnd = this.#heat.written.every(({ sortKey }) => compareBytes(sortKey, late) >= 0)
    return boundaryByBytes(found, atEnd ? AT_THE_END : 0.5, interval)
  }

  /** The hash key that outgrows its share of the bytes. */
  #largest({ largest, bytes }: Survey): Uint8Array | undefined {
    return largest !== undefined && largest.bytes > bytes * this.#place.splitAt.hashKeyShare
      ? largest.hashKey
      : undefined
  }

  /** The hash key that outgrows its share of the requests. */
  #hottest(): Uint8Array | undefined {
    const samples = this.#samples()
    const counts = Map.groupBy(samples, ({ hashKey }) => keyText(hashKey))
    for (const group of counts.values()) {
      if (group.length > samples.length * this.#place.splitAt.hashKeyShare) return group[0]?.hashKey
    }
    return undefined
  }

  /** The latest requests for what is still here. */
  #samples(): ItemKey[] {
    const territory = this.#place.territory()
    return this.#heat.samples.filter(({ hashKey, sortKey }) => territory.keeps(hashKey, sortKey))
  }
}
