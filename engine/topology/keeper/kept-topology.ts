import { keyText } from '../../keys/key-text.js'
import type { Storage } from '../../ports.js'
import { encodeFilter } from '../encode-filter.js'
import { encodeForest } from '../encode-forest.js'
import { encodeRangeIndex } from '../encode-range-index.js'
import { Forest, type TreeShape } from '../forest.js'
import { PromotedFilter } from '../promoted-filter.js'
import { RangeIndex } from '../range-index.js'
import type { DirtySnapshots, Snapshot } from './dirty-snapshots.js'
import { type EventCounts, EventStore } from './event-store.js'
import type { KeptEvent } from './read-event.js'

/** Of events that were told: what of it is to be written. */
export interface News {
  readonly events: readonly { readonly event: KeptEvent; readonly isNew: boolean }[]
  /** What changes with them. */
  readonly snapshots: readonly Snapshot[]
}

/**
 * The tree, as far as events tell. The truth is in the tables; what is in memory is made of it when it is needed for
 * the first time, and goes along with it from then on.
 */
export class KeptTopology {
  readonly shape: TreeShape
  readonly #storage: Storage
  readonly #events: EventStore
  readonly #dirty: DirtySnapshots
  #generation: number
  #forest: Forest | undefined
  #filter: PromotedFilter | undefined
  #counts: EventCounts | undefined

  constructor(storage: Storage, dirty: DirtySnapshots, shape: TreeShape, generation: number) {
    this.shape = shape
    this.#storage = storage
    this.#events = new EventStore(storage)
    this.#dirty = dirty
    this.#generation = generation
  }

  /** How often everything was built anew. */
  get generation(): number {
    return this.#generation
  }

  /**
   * How many events there are. Some of them may hang from nobody: what was told first of a partition and its parent is
   * not always what happened first.
   */
  get counts(): EventCounts {
    this.#counts ??= this.#events.count()
    return this.#counts
  }

  /** What of these events is not stored as it is told, or was not told in this generation. */
  news(events: readonly KeptEvent[]): News {
    const news: { event: KeptEvent; isNew: boolean }[] = []
    const snapshots = new Map<string, Snapshot>()
    for (const event of distinct(events)) {
      const generation = this.#events.generationOf(event)
      if (generation === this.#generation) continue
      news.push({ event, isNew: generation === undefined })
      for (const snapshot of snapshotsOf(event)) {
        // The ranges of a hash key are published anew in each generation, whether they have changed or not.
        if (generation === undefined || snapshot.kind === 'range') snapshots.set(textOf(snapshot), snapshot)
      }
    }
    return { events: news, snapshots: [...snapshots.values()] }
  }

  /**
   * Stores news, in one section.
   *
   * @param beside writes what goes with them.
   */
  keep({ events, snapshots }: News, beside?: () => void): void {
    this.#storage.atomic(() => {
      beside?.()
      for (const { event } of events) this.#events.put(event, this.#generation)
      for (const snapshot of snapshots) this.#dirty.mark(snapshot)
    })
    // Only now: where nothing is stored, nothing is known.
    for (const { event, isNew } of events) if (isNew) this.#learn(event)
  }

  /** From now on another generation is told. What was told before stays, until {@link endGeneration}. */
  beginGeneration(generation: number): void {
    this.#generation = generation
  }

  /**
   * Forgets what was not told in this generation. Everything that may have changed is dirty.
   *
   * @param beside writes what goes with it.
   */
  endGeneration(beside: () => void): void {
    this.#storage.atomic(() => {
      beside()
      this.#dirty.markOutdated(this.#generation)
      this.#events.deleteBefore(this.#generation)
      this.#dirty.mark({ kind: 'forest' })
      this.#dirty.mark({ kind: 'promoted' })
    })
    this.#forest = undefined
    this.#filter = undefined
    this.#counts = undefined
  }

  /** A snapshot as it is published. But for the version, it depends on what was told alone. */
  encode(snapshot: Snapshot, version: number): Uint8Array {
    switch (snapshot.kind) {
      case 'forest':
        this.#forest ??= Forest.fromSplits(this.shape, this.#events.splits())
        return encodeForest(this.#forest, version)
      case 'promoted':
        this.#filter ??= PromotedFilter.of(this.#events.promoted(), this.counts.promotion)
        return encodeFilter(this.#filter, version)
      case 'range': {
        const { hashKey } = snapshot
        return encodeRangeIndex(RangeIndex.fromSplits(hashKey, this.#events.rangeSplits(hashKey)), version)
      }
    }
  }

  #learn(event: KeptEvent): void {
    const { kind } = event
    if (this.#counts !== undefined) this.#counts = { ...this.#counts, [kind]: this.#counts[kind] + 1 }
    if (kind === 'split') this.#split(event.path)
    // One that is full makes room for a larger one.
    if (kind === 'promotion' && this.#filter?.add(event.hashKey) === false) this.#filter = undefined
  }

  /** A hash partition has split; those below it, which were told before, are found only now. */
  #split(path: readonly number[]): void {
    const pending = [path]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const forest = this.#forest?.split(next)
      if (forest === undefined || forest === this.#forest) continue
      this.#forest = forest
      pending.push(...this.#events.splitsBelow(next))
    }
  }
}

/** Without those that are told twice. */
function distinct(events: readonly KeptEvent[]): Iterable<KeptEvent> {
  return new Map(events.map((event) => [nameOf(event), event])).values()
}

function nameOf(event: KeptEvent): string {
  switch (event.kind) {
    case 'split':
      return `split ${event.path.join('.')}`
    case 'promotion':
      return `promotion ${keyText(event.hashKey)}`
    case 'rangeSplit':
      return `rangeSplit ${event.steps} ${keyText(event.hashKey)}`
  }
}

function snapshotsOf(event: KeptEvent): Snapshot[] {
  switch (event.kind) {
    case 'split':
      return [{ kind: 'forest' }]
    case 'promotion':
      // Its ranges too, of which there is one: who finds none takes the hash key for one that only seems promoted.
      return [{ kind: 'promoted' }, { kind: 'range', hashKey: event.hashKey }]
    case 'rangeSplit':
      return [{ kind: 'range', hashKey: event.hashKey }]
  }
}

function textOf(snapshot: Snapshot): string {
  return snapshot.kind === 'range' ? `range ${keyText(snapshot.hashKey)}` : snapshot.kind
}
