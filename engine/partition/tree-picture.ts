import type { Picture } from '../changes/cut-part.js'
import { assert } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { intersect, isEmpty } from '../keys/interval.js'
import { mark } from '../mark.js'
import type {
  PartitionAnswer,
  PartitionOperation,
  PartitionRequest,
  PinnedSettings,
  Route,
  Span,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import { isAbove, placeOf } from '../topology/partition-name.js'
import { type Piece, Router } from '../topology/router.js'
import { TopologyReader } from '../topology/topology-reader.js'
import type { Contents } from './contents.js'
import { Elsewhere } from './elsewhere.js'
import { Passing } from './passing.js'
import type { PartitionPorts } from './place.js'
import { spotsOf } from './spots.js'
import type { Spot } from './territory.js'

/** A range partition of which nothing was written yet has no settings to be asked for. */
const UNKNOWN_SETTINGS: PinnedSettings = { roots: 1, fanout: 2 }

/** Stands for what is asked for when only whether it is here is. */
const NO_OPERATION: PartitionOperation = { kind: 'batchGet', keys: [] }

/** The tree, as one partition sees it: what is here is known, and of the others what was learned. */
export class TreePicture implements Picture {
  readonly #ports: PartitionPorts
  readonly #contents: Contents
  /** Who serves what elsewhere, as far as is known; made with a request, which says how many roots there are. */
  #router: Router | undefined
  #passing: Passing | undefined
  #topology: TopologyReader | undefined
  /** Those of the latest request: all have the same, once there is data. */
  #settings: PinnedSettings = UNKNOWN_SETTINGS

  constructor(ports: PartitionPorts, contents: Contents) {
    this.#ports = ports
    this.#contents = contents
  }

  /** Draws it anew when others are asked for with other settings, as may be before there is data. */
  drawFor(requested: PinnedSettings = UNKNOWN_SETTINGS): void {
    const settings = this.#contents.pinned ?? requested
    const { roots, fanout } = this.#settings
    if (this.#router !== undefined && roots === settings.roots && fanout === settings.fanout) return
    this.#settings = settings
    const database = decodeURIComponent(placeOf(this.#ports.name).database)
    const { topology, clock } = this.#ports
    const snapshots = topology?.snapshotsOf(database, settings)
    this.#router = new Router(database, settings, snapshots && { snapshots })
    this.#topology = topology && new TopologyReader({ cache: topology.cache, clock }, database, this.#router)
    this.#passing = new Passing(this.#ports.name, this.#ports, this.#router)
  }

  /**
   * Makes sure that all of an operation is served here.
   *
   * @param settings those of the operation's request.
   * @param by who has passed it on, if somebody has.
   * @throws {Elsewhere} when not.
   */
  checkHere(
    spots: Iterable<Spot>,
    operation: PartitionOperation,
    settings: PinnedSettings = this.#settings,
    by?: PartitionName,
  ): void {
    const { territory, opened } = this.#contents
    const next = new Map<PartitionName, Route>()
    let any = false
    for (const spot of spots) {
      any = true
      for (const route of territory.nextFor(spot, settings)) next.set(route.partition, route)
    }
    if (!any || (next.size === 1 && next.has(this.#ports.name))) return
    const arriving = opened?.moving.isArriving === true && by !== undefined && next.has(by)
    MARK: if (!territory.serves && !arriving) mark('a request comes to a partition that is none')
    throw new Elsewhere(operation, [...next.values()], arriving)
  }

  /** Whether all of these are served here. */
  isHere(spots: Iterable<Spot>): boolean {
    try {
      this.checkHere(spots, NO_OPERATION)
      return true
    } catch (elsewhere) {
      if (elsewhere instanceof Elsewhere) return false
      throw elsewhere
    }
  }

  /** Who serves a key, as far as is known. */
  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName {
    const [next] = this.#contents.territory.nextFor({ hashKey, sortKey }, this.#settings)
    assert(next !== undefined, 'somebody is next for every key')
    return this.#ownerBehind(next, this.#routerOrThrow().ownerOf(hashKey, sortKey))
  }

  /** Who serves which piece of a span, as far as is known. */
  piecesOf(span: Span): readonly Piece[] {
    const { name } = this.#ports
    const next = this.#contents.territory.nextFor(span, this.#settings)
    const [only] = next
    const here = next.length === 1 && only?.partition === name
    if (here) return [{ partition: name, interval: span.interval }]
    return this.#routerOrThrow()
      .piecesOf(span)
      .flatMap((piece) => this.#piecesBehind(span.hashKey, piece))
  }

  /**
   * To be waited for before something is passed on, if anything is: who knows what is published of the tree passes it
   * on to its owner at once.
   */
  ready(operation: PartitionOperation): Promise<void> | undefined {
    if (this.#topology === undefined) return undefined
    return this.#topology.ready([...spotsOf(operation)].map(({ hashKey }) => hashKey))
  }

  /**
   * Passes a request on to whoever is next for all of it, or is known to serve it below the next one. Only on its way
   * down: what is known may be of another tree, and a partition that is no part of this one, or not for these keys,
   * would come to itself by it.
   *
   * @throws {PeerCallError} when no answer came: whoever sent it sends it again.
   */
  pass(request: PartitionRequest, next: Route): PartitionAnswer | Promise<PartitionAnswer> {
    assert(this.#passing !== undefined, 'who passes on knows the settings')
    const { name } = this.#ports
    const by = request.passed?.by
    // Whoever says otherwise, here or there, is wrong, and would send it back.
    if (by !== undefined && isAbove(name, by)) this.#routerOrThrow().forget(by)
    const isBelow = isAbove(name, next.partition)
    return this.#passing.pass(request, isBelow ? this.#refined(next, request.operation) : next)
  }

  /** Learns from an answer who serves what. */
  learn({ elsewhere, owner }: PartitionAnswer, asked: PartitionName): void {
    for (const route of elsewhere ?? []) this.#router?.learn(route, asked)
    if (owner !== undefined) this.#router?.learn(owner, asked)
  }

  /** Where somebody else takes something to be. */
  hint(partition: PartitionName): void {
    if (placeOf(partition).kind === 'hash') this.#router?.learn({ partition })
  }

  /** Whoever below the next one is known to serve all of it. */
  #refined(next: Route, operation: PartitionOperation): Route {
    let owner: Route | undefined
    for (const spot of spotsOf(operation)) {
      if ('interval' in spot) return next
      const route = this.#routerOrThrow().routeTo(spot.hashKey, spot.sortKey, spot.before)
      if (owner !== undefined && owner.partition !== route.partition) return next
      owner = route
    }
    return owner !== undefined && isAbove(next.partition, owner.partition) ? owner : next
  }

  /** What somebody is known to own, if the one who is next leads there: of what has moved away from here, one below. */
  #ownerBehind(next: Route, known: PartitionName): PartitionName {
    const { name } = this.#ports
    if (next.partition === name || known === name) return next.partition
    const isBelow = known === next.partition || isAbove(next.partition, known)
    return isAbove(name, next.partition) && !isBelow ? next.partition : known
  }

  /** The same for a piece of an interval, which may lie in several places by what is known here. */
  #piecesBehind(hashKey: Uint8Array, { partition, interval }: Piece): Piece[] {
    const { territory } = this.#contents
    const own = territory.rangeOf(hashKey)
    const inside = own === undefined ? interval : intersect(own, interval)
    const outside = [
      { from: interval.from, to: minKey(inside.from, interval.to) },
      { from: maxKey(inside.to, interval.from), to: interval.to },
    ].map((piece) => ({ partition, interval: piece }))
    const pieces = territory.nextFor({ hashKey, interval: inside }, this.#settings).map((next) => ({
      partition: this.#ownerBehind(next, partition),
      interval: next.range === undefined ? inside : intersect(next.range.interval, inside),
    }))
    return [...outside, ...pieces].filter((piece) => !isEmpty(piece.interval))
  }

  #routerOrThrow(): Router {
    assert(this.#router !== undefined, 'a request has come before others are asked')
    return this.#router
  }
}

function minKey(left: Uint8Array, right: Uint8Array): Uint8Array {
  return compareBytes(left, right) <= 0 ? left : right
}

function maxKey(left: Uint8Array, right: Uint8Array): Uint8Array {
  return compareBytes(left, right) >= 0 ? left : right
}
