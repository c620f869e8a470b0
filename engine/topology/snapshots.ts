import type { Millis } from '../ports.js'
import { decodeFilter } from './encode-filter.js'
import { decodeForest } from './encode-forest.js'
import type { Forest, TreeShape } from './forest.js'
import type { PromotedFilter } from './promoted-filter.js'
import { SnapshotError } from './snapshot.js'

/** What of a database is published in one piece. */
export type SnapshotName = 'forest' | 'promoted'

/** Those of what was read: of nothing, anything is newer. */
const NO_VERSIONS: Readonly<Record<SnapshotName, number>> = { forest: -1, promoted: -1 }

/**
 * What was published of a database's topology, as far as it was read here: shared by all that route to that database
 * in one isolate, because it may be large. A hint: who follows it where it is wrong is sent on.
 */
export class Snapshots {
  readonly #shape: TreeShape
  #forest: Forest | undefined
  #filter: PromotedFilter | undefined
  #versions = NO_VERSIONS
  readonly #asked: { [name in SnapshotName]?: Millis } = {}

  constructor({ roots, fanout }: TreeShape) {
    this.#shape = { roots, fanout }
  }

  /** The hash partitions that there are; nothing, if that was not read. */
  get forest(): Forest | undefined {
    return this.#forest
  }

  /** Whether a hash partition, which is no root, is known to be there. */
  knows(path: readonly number[]): boolean {
    return this.#forest?.hasSplit(path.slice(0, -1)) === true
  }

  /** Whether a hash key may have range partitions of its own, by what was read. */
  mayBePromoted(hashKey: Uint8Array): boolean {
    return this.#filter !== undefined && !this.#filter.isEmpty && this.#filter.mayHold(hashKey)
  }

  /** When somebody has asked for a snapshot last; nothing, if nobody has. */
  askedFor(name: SnapshotName): Millis | undefined {
    return this.#asked[name]
  }

  /** Somebody has asked for a snapshot, and knows what there is of it. */
  noteAsked(name: SnapshotName, at: Millis): void {
    this.#asked[name] = at
  }

  /**
   * Keeps what was read, unless something newer is kept already: it never goes back in time.
   *
   * @throws {SnapshotError} when it is damaged, or of a tree of another shape.
   */
  keep(name: SnapshotName, bytes: Uint8Array): void {
    switch (name) {
      case 'forest': {
        const { forest, version } = decodeForest(bytes)
        this.#checkShape(forest)
        if (version > this.#versions.forest) this.#forest = forest
        this.#noteVersion(name, version)
        return
      }
      case 'promoted': {
        const { filter, version } = decodeFilter(bytes)
        if (version > this.#versions.promoted) this.#filter = filter
        this.#noteVersion(name, version)
        return
      }
    }
  }

  /**
   * A partition is not where it is said to be: what was read is of another tree, and nothing of it is believed until
   * it is read again.
   */
  refute(path: readonly number[]): void {
    if (!this.knows(path)) return
    this.#forest = undefined
    this.#filter = undefined
    this.#versions = NO_VERSIONS
  }

  #noteVersion(name: SnapshotName, version: number): void {
    this.#versions = { ...this.#versions, [name]: Math.max(this.#versions[name], version) }
  }

  #checkShape({ roots, fanout }: TreeShape): void {
    if (roots === this.#shape.roots && fanout === this.#shape.fanout) return
    throw new SnapshotError(
      `a forest of ${roots} roots and fanout ${fanout}, and not of ${this.#shape.roots} and ${this.#shape.fanout}`,
    )
  }
}
