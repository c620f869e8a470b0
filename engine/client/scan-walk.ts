import { InvalidRequestError } from '../errors.js'
import type { ItemKey, Route } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { isAbove, isNamed, rootName } from '../topology/partition-name.js'
import { decodeBase64, encodeBase64 } from '../values/base64.js'

/** A partition to look at, behind a key: what is before it, somebody has served already. */
export interface Visit {
  readonly partition: PartitionName
  readonly after?: ItemKey
}

/** Which of the database's roots are walked. */
export interface Segment {
  readonly database: string
  readonly roots: number
  readonly segment: number
  readonly segments: number
}

/** How a walk is written down. Keys are in base64. */
interface Written {
  readonly of: readonly [database: string, roots: number, segment: number, segments: number]
  readonly root: number
  /** The partition, and the two parts of a key if there is one. */
  readonly visits: readonly (readonly [partition: string, ...after: string[]])[]
  readonly met: readonly string[]
}

/**
 * The way of a scan through a tree that grows meanwhile: root by root, and from each to those that it has split into.
 * It needs to know no more of the tree than partitions tell it.
 *
 * A partition that serves no longer, or never served, a part of its keys when it is looked at names who does. Those
 * are looked at from where that look began: what lies before was served by the one that named them, then. Each is
 * met once; later it is named again, and that says nothing new.
 */
export class ScanWalk {
  readonly #of: Segment
  /** The root to begin when all visits are made. */
  #root: number
  /** The last is next. */
  readonly #visits: Visit[]
  /** Those that were named, as long as somebody who may name them again is to be looked at. */
  #met: ReadonlySet<PartitionName>

  private constructor(of: Segment, root: number, visits: Visit[], met: readonly PartitionName[]) {
    this.#of = of
    this.#root = root
    this.#visits = visits
    this.#met = new Set(met)
    this.#beginRoot()
  }

  static begin(of: Segment): ScanWalk {
    return new ScanWalk(of, of.segment, [], [])
  }

  /** @throws {InvalidRequestError} for what is no cursor, or one of another scan. */
  static resume(of: Segment, cursor: string): ScanWalk {
    const { root, visits, met, ...written } = read(cursor)
    if (JSON.stringify(written.of) !== JSON.stringify(signature(of))) {
      throw new InvalidRequestError('the cursor is of a scan of another database, or of other segments', {})
    }
    const walk = visits.map(([partition, ...after]) => ({
      partition: partition as PartitionName,
      ...keyOf(after),
    }))
    return new ScanWalk(of, root, walk, met as PartitionName[])
  }

  /** Where to look next; nothing, at the end. */
  get next(): Visit | undefined {
    return this.#visits.at(-1)
  }

  /** What is left, to resume; nothing, at the end. */
  get cursor(): string | undefined {
    if (this.next === undefined) return undefined
    const written: Written = {
      of: signature(this.#of),
      root: this.#root,
      visits: this.#visits.map(({ partition, after }) =>
        after === undefined
          ? [partition]
          : [partition, encodeBase64(after.hashKey), encodeBase64(after.sortKey)],
      ),
      met: [...this.#met],
    }
    return encodeBase64(new TextEncoder().encode(JSON.stringify(written)))
  }

  /**
   * Notes what a look at the next visit came to.
   *
   * @param upTo up to where everything of this partition was looked at; nothing if that was all of it.
   * @param elsewhere who else has some of its keys.
   */
  advance(upTo: ItemKey | undefined, elsewhere: readonly Route[]): void {
    const { partition, ...from } = this.#visits.pop() as Visit
    if (upTo !== undefined) this.#visits.push({ partition, after: upTo })
    const named = elsewhere.map((route) => route.partition).filter((name) => !this.#met.has(name))
    for (const name of new Set(named.toReversed())) this.#visits.push({ partition: name, ...from })
    const left = this.#visits.map((visit) => visit.partition)
    this.#met = new Set([...this.#met, ...named].filter((name) => left.some((other) => isAbove(other, name))))
    this.#beginRoot()
  }

  #beginRoot(): void {
    if (this.#visits.length > 0 || this.#root >= this.#of.roots) return
    this.#visits.push({ partition: rootName(this.#of.database, this.#root) })
    this.#root += this.#of.segments
  }
}

function signature({ database, roots, segment, segments }: Segment): Written['of'] {
  return [database, roots, segment, segments]
}

function keyOf([hashKey, sortKey]: readonly string[]): { readonly after?: ItemKey } {
  if (hashKey === undefined || sortKey === undefined) return {}
  return { after: { hashKey: decodeBase64(hashKey), sortKey: decodeBase64(sortKey) } }
}

function read(cursor: string): Written {
  try {
    const written = JSON.parse(new TextDecoder().decode(decodeBase64(cursor))) as Written
    // Whatever was not written here ends in an error that says so.
    for (const [, ...after] of written.visits) keyOf(after)
    const names = [...written.visits.map(([partition]) => partition), ...written.met]
    const named = names.every((name) => isNamed(name as PartitionName))
    if (named && written.root >= 0 && Number.isInteger(written.root) && Array.isArray(written.of))
      return written
  } catch {
    // Said below.
  }
  throw new InvalidRequestError('this is no cursor of a scan: take one as it came with a page')
}
