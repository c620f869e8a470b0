import { ConfigurationError } from '../errors.js'
import { hashBytes } from '../keys/hash.js'
import type { PartitionName } from '../ports.js'
import { encodeBase64 } from '../values/base64.js'

/** A Durable Object's name has at most 1,024 bytes; a promoted hash key's needs most of them. */
const MAX_DATABASE_NAME_BYTES = 128
/** Of a longer hash key, a range partition's name holds the beginning and a hash. */
const MAX_NAMED_KEY_BYTES = 360
/** So many equal steps of a path in a row are written as one and a count. */
const SHORTEST_RUN = 5

/**
 * A partition's place in the tree, which its name says.
 *
 * - `hash`: `main/h/3.1.0` is child 0 of child 1 of root 3. The child of a key is a hash of the hash key, seeded
 *   with the child's level; roots are level 0.
 * - `range`: `main/r/AnNmbwA/0.1` is child 1 of child 0 of the first range partition of a promoted hash key, which
 *   is `main/r/AnNmbwA`. Children divide an interval of sort keys in order.
 */
export interface PartitionPlace {
  readonly kind: 'hash' | 'range'
  /** The database's name, as names hold it. */
  readonly database: string
  /** Of a range partition: what stands for its hash key. */
  readonly key?: string
  /** Of a hash partition, the first is the root. */
  readonly path: readonly number[]
}

/** The root partition that a hash key belongs to: `main/h/3`. */
export function rootOf(database: string, hashKey: Uint8Array, roots: number): PartitionName {
  return rootName(database, childIndex(hashKey, 0, roots))
}

/** A root partition by its number: `main/h/3`. */
export function rootName(database: string, root: number): PartitionName {
  return nameOf({ kind: 'hash', database: encodeURIComponent(database), path: [root] })
}

/** Which of `count` partitions of a level a hash key belongs to. Each level divides anew. */
export function childIndex(hashKey: Uint8Array, level: number, count: number): number {
  return hashBytes(hashKey, level) % count
}

/** The first range partition of a hash key that is promoted out of `source`. */
export function rangeRootOf(source: PartitionName, hashKey: Uint8Array): PartitionName {
  return nameOf({ kind: 'range', database: placeOf(source).database, key: keyInName(hashKey), path: [] })
}

/**
 * Names the range partitions of a hash key by their paths.
 *
 * @param database its name, as it is given and not as names hold it.
 */
export function rangeNamer(database: string, hashKey: Uint8Array): (path: PathText) => PartitionName {
  const place = { kind: 'range', database: encodeURIComponent(database), key: keyInName(hashKey) } as const
  return ({ text }) => nameAt(place, text)
}

/** A child of a partition. */
export function childOf(partition: PartitionName, index: number): PartitionName {
  const place = placeOf(partition)
  return nameOf({ ...place, path: [...place.path, index] })
}

/**
 * Whoever made a partition a part of the tree, or would. Nothing for a root. Whose child the first range partition
 * of a hash key is depends on when that was promoted: its root is what it began under.
 */
export function parentOf(
  partition: PartitionName,
  hashKey: Uint8Array,
  roots: number,
): PartitionName | undefined {
  const place = placeOf(partition)
  if (place.kind === 'range' && place.path.length === 0) {
    return nameOf({ kind: 'hash', database: place.database, path: [childIndex(hashKey, 0, roots)] })
  }
  if (place.kind === 'hash' && place.path.length <= 1) return undefined
  return nameOf({ ...place, path: place.path.slice(0, -1) })
}

/** Whether a hash key belongs to a hash partition, or to one of those below it. */
export function isUnder(
  { path }: PartitionPlace,
  hashKey: Uint8Array,
  roots: number,
  fanout: number,
): boolean {
  return path.every((index, level) => childIndex(hashKey, level, level === 0 ? roots : fanout) === index)
}

/**
 * Whether one may be an ancestor of the other: any hash partition of a range partition, whose name does not say where
 * its hash key was promoted.
 */
export function isAbove(above: PartitionName, below: PartitionName): boolean {
  const [high, low] = [placeOf(above), placeOf(below)]
  if (high.kind === 'hash' && low.kind === 'range') return true
  if (high.kind !== low.kind || high.key !== low.key || high.path.length >= low.path.length) return false
  return high.path.every((index, level) => low.path[level] === index)
}

export function nameOf(place: PartitionPlace): PartitionName {
  return nameAt(place, pathText(place.path))
}

function nameAt({ kind, database, key }: Omit<PartitionPlace, 'path'>, steps: string): PartitionName {
  if (kind === 'hash') return `${database}/h/${steps}` as PartitionName
  return `${database}/r/${key}${steps === '' ? '' : `/${steps}`}` as PartitionName
}

/** Where a partition is. What is called otherwise is a tree of its own, all keys under it: {@link isNamed} tells. */
export function placeOf(partition: PartitionName): PartitionPlace {
  const [database = '', kind, ...rest] = partition.split('/')
  if (kind === 'h' && rest.length === 1) return { kind: 'hash', database, path: readPath(rest[0] ?? '') }
  if (kind !== 'r' || rest.length < 1 || rest.length > 2) return { kind: 'hash', database, path: [] }
  const [key = '', steps] = rest
  return { kind: 'range', database, key, path: steps === undefined ? [] : readPath(steps) }
}

/** Whether a name is that of a place in a tree, so that others can be named after it. */
export function isNamed(partition: PartitionName): boolean {
  return nameOf(placeOf(partition)) === partition
}

/**
 * The text of a path: `3.1.0`, and `0.1x12` for a 0 and twelve 1s: a hash key that grows at its end alone makes a long
 * way down, and a name has its limit.
 */
export function pathText(path: readonly number[]): string {
  const runs: string[] = []
  for (let at = 0; at < path.length; ) {
    let end = at
    while (path[end] === path[at] && end < path.length) end++
    runs.push(runText(path[at] as number, end - at))
    at = end
  }
  return runs.join('.')
}

/** Equal steps of a path in a row. */
function runText(step: number, count: number): string {
  return count >= SHORTEST_RUN ? `${step}x${count}` : new Array<number>(count).fill(step).join('.')
}

/** A path that is known by its text alone: to go a step further costs the same, however long it is. Immutable. */
export class PathText {
  /** The path that leads nowhere. */
  static readonly START = new PathText('', 0, 0, 0)
  /** How many steps it has. */
  readonly length: number
  /** What is before the last run, with the dot behind it. */
  readonly #before: string
  readonly #step: number
  readonly #count: number

  private constructor(before: string, step: number, count: number, length: number) {
    this.#before = before
    this.#step = step
    this.#count = count
    this.length = length
  }

  /** As {@link pathText} has it. */
  get text(): string {
    return this.#before + runText(this.#step, this.#count)
  }

  /** The path that goes a step further. */
  child(step: number): PathText {
    const isSame = step === this.#step
    const before = isSame || this.length === 0 ? this.#before : `${this.text}.`
    return new PathText(before, step, isSame ? this.#count + 1 : 1, this.length + 1)
  }
}

/** The path of a text that {@link pathText} has made. */
export function readPath(text: string): number[] {
  return text.split('.').flatMap((run) => {
    const [step, count = 1] = run.split('x').map(Number)
    return new Array<number>(count).fill(step as number)
  })
}

/** Letters that a name can hold. Of long keys two may have one name: whoever adopts looks at the key itself. */
function keyInName(hashKey: Uint8Array): string {
  const named = encodeBase64(hashKey.subarray(0, MAX_NAMED_KEY_BYTES))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
  if (hashKey.length <= MAX_NAMED_KEY_BYTES) return named
  const hashes = [1, 2, 3, 4].map((seed) => hashBytes(hashKey, seed).toString(36))
  return `${named}~${hashes.join('~')}`
}

/** @throws {ConfigurationError} for a database name that no partition could be named after. */
export function checkDatabaseName(database: string): string {
  const fits = typeof database === 'string' && database !== '' && database.isWellFormed()
  if (!fits || encodeURIComponent(database).length > MAX_DATABASE_NAME_BYTES) {
    throw new ConfigurationError(
      `a database's name is a text of 1 to ${MAX_DATABASE_NAME_BYTES} bytes, not ${JSON.stringify(database)}`,
    )
  }
  return database
}
