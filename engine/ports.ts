import type { ItemKey, KeeperAnswer, KeeperRequest, PartitionAnswer, PartitionRequest } from './operations.js'
import type { Item } from './values/value.js'

/*
 * Everything that partition and client know of the world outside. The room runtime/ binds these to Durable
 * Objects; a simulation can bind them to something that fails on purpose.
 */

/** Milliseconds since 1970. */
export type Millis = number

/** What SQLite takes and gives. Booleans, bigints and undefined are for the caller to turn into these. */
export type SqlValue = string | number | Uint8Array | null
export type SqlRow = readonly SqlValue[]

/** A partition's own SQLite database. All calls are synchronous. */
export interface Storage {
  /**
   * Runs one statement. Rows come as they are asked for: stop early and the rest is never read. They must be
   * taken before the next statement runs.
   *
   * @param statement a constant text: the database keeps prepared what it has seen before.
   * @param bindings at most 100.
   */
  rows(statement: string, ...bindings: readonly SqlValue[]): Iterable<SqlRow>
  /** Runs one statement for what it does. */
  run(statement: string, ...bindings: readonly SqlValue[]): void
  /** Runs the section in a transaction: if it throws, nothing of it has happened, and the error passes on. */
  atomic<T>(section: () => T): T
  /** Bytes that the data takes, about. */
  bytes(): number
}

export interface Clock {
  /** Never trusted to rise: it may stand still within a call and go back after a move. */
  now(): Millis
  sleep(duration: Millis): Promise<void>
}

export interface Random {
  /** From 0 up to, not including, 1. */
  fraction(): number
  /** A whole number of 53 random bits. */
  token(): number
}

/** A partition's one alarm. It fires at least once, after `at`, also when everything crashed in between. */
export interface Alarm {
  set(at: Millis): void
  clear(): void
}

/** A partition's name, such as `main/h/3`: database, kind, place in the tree. */
export type PartitionName = string & { readonly __partitionName: true }

/** Calls to partitions, wherever they are. */
export interface Peers {
  /**
   * Sends one request once.
   *
   * @throws {PeerCallError} when no answer came.
   */
  call(partition: PartitionName, request: PartitionRequest): Promise<PartitionAnswer>
}

/** The keeper of a database's topology, wherever it is. */
export interface KeeperPeer {
  /**
   * Sends one request once.
   *
   * @throws {PeerCallError} when no answer came.
   */
  call(request: KeeperRequest): Promise<KeeperAnswer>
}

/**
 * Where the topology is published, for all Workers everywhere: eventually what was put last, and until then, or for
 * ever, anything that ever was. Workers KV is one.
 */
export interface TopologyCache {
  /** Nothing, where nothing was put, or what was is not there yet. Throws when there is no answer. */
  get(key: string): Promise<Uint8Array | undefined>
  /**
   * @param key at most 512 bytes; put at most once a second.
   * @param value at most 25 MiB.
   */
  put(key: string, value: Uint8Array): Promise<void>
}

/**
 * Makes sure that an item may be what a change makes of it: nothing of the change is done if it throws. It sees what
 * updates and upserts come to; whole items are checked by who makes them.
 *
 * @throws {FokosError} and nothing else, which would look like a partition that fails.
 */
export type CheckItem = (key: ItemKey, item: Item) => void

/** No answer came. Says what is known of the request that was sent. */
export class PeerCallError extends Error {
  override name = 'PeerCallError'
  /** Whether the request certainly never reached the partition's code. */
  readonly undelivered: boolean
  /** Whether the partition said that it has too much to do. */
  readonly overloaded: boolean

  constructor(
    message: string,
    facts: { readonly undelivered: boolean; readonly overloaded: boolean },
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.undelivered = facts.undelivered
    this.overloaded = facts.overloaded
  }
}
