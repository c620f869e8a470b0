import type { Millis, TopologyCache } from '../ports.js'
import { decodeForest, encodeForest } from '../topology/encode-forest.js'
import { decodeRangeIndex, encodeRangeIndex } from '../topology/encode-range-index.js'
import { RangeIndex } from '../topology/range-index.js'
import type { FaultProfile } from './faults.js'
import type { Scheduler } from './scheduler.js'
import type { SeededRandom } from './seeded-random.js'

/** What the cache needs of its world. */
export interface CacheWorld {
  readonly scheduler: Scheduler
  readonly profile: FaultProfile
  note(place: string, text: string, facts?: { fault?: boolean; operation?: number | undefined }): void
}

/** Who reads and writes. */
export interface CacheUser {
  readonly name: string
  readonly random: SeededRandom
  /** Lets a message leave, at once or when what the user wrote is durable. */
  readonly leave?: (send: () => void) => void
}

/** Longer than anybody waits for it. */
const VERY_LATE: Millis = 30_000
/** Not longer than the keeper waits. */
const SLOW: Millis = 8_000

/**
 * Where the topology is published, with all that can become of what is put there: it comes late, twice, in another
 * order or not at all, and who reads is told something older, something damaged, something of another tree, nothing, or
 * is not answered.
 */
export class SimulatedCache {
  readonly #world: CacheWorld
  readonly #current = new Map<string, Uint8Array>()
  /** All that ever was put, in order, whether it arrived or not. */
  readonly #put = new Map<string, Uint8Array[]>()

  constructor(world: CacheWorld) {
    this.#world = world
  }

  /** What was put last, whatever has become of it. */
  last(key: string): Uint8Array | undefined {
    return this.#put.get(key)?.at(-1)
  }

  /** From now on everybody reads what was put last. */
  heal(): void {
    for (const [key, values] of this.#put) this.#current.set(key, values.at(-1) as Uint8Array)
  }

  /** The cache, as one place reaches it. */
  reachedBy(user: CacheUser): TopologyCache {
    const { leave = (send) => send() } = user
    return {
      get: (key) => new Promise((resolve, reject) => leave(() => this.#get(user, key, resolve, reject))),
      put: (key, value) =>
        new Promise((resolve, reject) =>
          leave(() => this.#putHere(user, key, Uint8Array.from(value), resolve, reject)),
        ),
    }
  }

  #get(
    { name, random }: CacheUser,
    key: string,
    resolve: (value: Uint8Array | undefined) => void,
    reject: (error: Error) => void,
  ): void {
    const answer = (value: Uint8Array | undefined) =>
      this.#after(random, () => resolve(value && Uint8Array.from(value)))
    const current = this.#current.get(key)
    if (!random.chance(this.#world.profile.snapshots)) {
      answer(current)
      return
    }
    const fault = random.pick(['none', 'older', 'damaged', 'cut', 'failed', 'late', 'strange'] as const)
    this.#fault(name, `${fault} snapshot: ${key}`)
    switch (fault) {
      case 'none':
        answer(undefined)
        return
      case 'older':
        answer(random.pick([undefined, ...(this.#put.get(key) ?? [])]))
        return
      case 'damaged':
        answer(current && damaged(current, random))
        return
      case 'cut':
        answer(current?.subarray(0, random.below(current.length)))
        return
      case 'strange':
        answer(current && strange(current, random))
        return
      case 'failed':
        this.#after(random, () => reject(new Error('the cache does not answer')))
        return
      case 'late':
        this.#world.scheduler.after(random.between(0, VERY_LATE), () => resolve(current))
    }
  }

  #putHere(
    { name, random }: CacheUser,
    key: string,
    value: Uint8Array,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    this.#put.set(key, [...(this.#put.get(key) ?? []), value])
    const arrive = () => this.#current.set(key, value)
    const arriveLate = () => this.#world.scheduler.after(random.between(0, VERY_LATE), arrive)
    const fault = random.chance(this.#world.profile.snapshots)
      ? random.pick(['lost', 'late', 'doubled', 'unanswered', 'slow'] as const)
      : undefined
    if (fault !== undefined) this.#fault(name, `${fault} publication: ${key}`)
    if (fault === 'late' || fault === 'doubled') arriveLate()
    const takes =
      random.between(...this.#world.profile.delay) + (fault === 'slow' ? random.between(0, SLOW) : 0)
    this.#world.scheduler.after(takes, () => {
      if (fault !== 'late' && fault !== 'lost') arrive()
      if (fault === 'lost' || fault === 'unanswered') reject(new Error('the cache does not answer'))
      else resolve()
    })
  }

  #after(random: SeededRandom, happen: () => void): void {
    this.#world.scheduler.after(random.between(...this.#world.profile.delay), happen)
  }

  #fault(name: string, text: string): void {
    this.#world.note(name, text, { fault: true })
  }
}

function damaged(value: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(value)
  const at = random.below(copy.length)
  copy[at] = (copy[at] as number) ^ (1 << random.below(8))
  return copy
}

/** The same of another tree of the same shape, which has grown otherwise: whole, and newer. */
function strange(value: Uint8Array, random: SeededRandom): Uint8Array {
  const kind = (['forest', 'promoted', 'range'] as const)[(value[5] as number) - 1]
  switch (kind) {
    case 'forest': {
      const { forest, version } = decodeForest(value)
      let grown = forest
      for (let splits = random.integer(1, 6); splits > 0; splits--) {
        const path = [random.below(forest.roots)]
        while (grown.hasSplit(path)) path.push(random.below(forest.fanout))
        grown = grown.split(path)
      }
      return encodeForest(grown, version + random.below(2))
    }
    case 'range': {
      const { index, version } = decodeRangeIndex(value)
      const boundaries = index.boundaries.filter(() => random.chance(0.7))
      const last = boundaries.at(-1) ?? new Uint8Array()
      const splits = [...boundaries, Uint8Array.of(...last, 0)].map((boundary, i) => ({
        path: new Array<number>(i).fill(1),
        boundary,
      }))
      return encodeRangeIndex(RangeIndex.fromSplits(index.hashKey, splits), version + random.below(2))
    }
    default:
      return value
  }
}
