import type { PinnedSettings, Route } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { Router } from '../topology/router.js'
import type { TopologyReader } from '../topology/topology-reader.js'
import type { SeededRandom } from './seeded-random.js'

/**
 * How a client comes to what it knows of the tree.
 *
 * - `kept`: it remembers all that it has learned.
 * - `none`: it knows nothing whenever an operation begins.
 * - `older`: it knows what it knew once, long ago or lately, and in the end what its operation taught it.
 * - `shared`: the same, of what all such clients have learned.
 */
const MEMORIES = ['kept', 'none', 'older', 'shared'] as const

/** What clients have been taught of the tree, in order. */
export type Lessons = { readonly route: Route; readonly asked: PartitionName | undefined }[]

/** What a client knows of the tree when it begins something. */
export interface Knowledge {
  readonly router: Router
  /** Has the router know what is published, where anything is. */
  readonly topology?: TopologyReader | undefined
}

/** What one client knows of the tree whenever it begins something: pictures of every age. */
export class Pictures {
  readonly #database: string
  readonly #read: ((router: Router) => TopologyReader) | undefined
  readonly #settings: PinnedSettings
  readonly #memory: (typeof MEMORIES)[number]
  readonly #lessons: Lessons
  #kept: Knowledge | undefined

  /**
   * @param shared of all clients of a run.
   * @param read how a router comes to know what is published, if anything is.
   */
  constructor(
    database: string,
    settings: PinnedSettings,
    shared: Lessons,
    random: SeededRandom,
    read: ((router: Router) => TopologyReader) | undefined,
  ) {
    this.#read = read
    this.#database = database
    this.#settings = settings
    this.#memory = random.pick(MEMORIES)
    this.#lessons = this.#memory === 'shared' ? shared : []
  }

  /** What the client knows when it begins its next operation. */
  next(random: SeededRandom): Knowledge {
    switch (this.#memory) {
      case 'kept':
        this.#kept ??= this.#reading(new Router(this.#database, this.#settings))
        return this.#kept
      case 'none':
        return this.#reading(new Router(this.#database, this.#settings))
      default:
        return this.#reading(new Pupil(this.#database, this.#settings, this.#lessons, random))
    }
  }

  #reading(router: Router): Knowledge {
    return { router, topology: this.#read?.(router) }
  }
}

/** Writes down what it is taught, and begins with what was written down up to some time. */
class Pupil extends Router {
  readonly #lessons: Lessons

  constructor(database: string, settings: PinnedSettings, lessons: Lessons, random: SeededRandom) {
    super(database, settings)
    this.#lessons = lessons
    const known = random.integer(0, lessons.length)
    for (const { route, asked } of lessons.slice(0, known)) super.learn(route, asked)
  }

  override learn(route: Route, asked?: PartitionName): void {
    this.#lessons.push({ route, asked })
    super.learn(route, asked)
  }
}
