import type { Picture } from '../changes/cut-part.js'
import type { ItemKey, PartitionAnswer, PartitionOperation, PinnedSettings } from '../operations.js'
import type {
  Alarm,
  CheckItem,
  Clock,
  KeeperPeer,
  Millis,
  PartitionName,
  Peers,
  Random,
  Storage,
  TopologyCache,
} from '../ports.js'
import type { EngineSettings, Limits } from '../settings.js'
import type { TreeShape } from '../topology/forest.js'
import type { Snapshots } from '../topology/snapshots.js'
import type { HashKeyClaim } from './claim.js'
import type { DeletionRing } from './deletion-ring.js'
import type { ItemsToEvaluate } from './evaluate-part.js'
import type { Expiry } from './expiry.js'
import type { ExpiryClock } from './expiry-clock.js'
import type { HybridClock } from './hybrid-clock.js'
import type { ItemStore } from './item-store.js'
import type { LockTable, Turn } from './lock-table.js'
import type { PageLimits } from './page-limits.js'
import type { PartStore, PreparedPart } from './part-store.js'
import type { PartitionFacts } from './partition-facts.js'
import type { RecordStore } from './record-store.js'
import type { Spot } from './territory.js'
import type { TokenMemory } from './token-memory.js'
import type { Moving } from './transfer/moving.js'
import type { Pace } from './transfer/pace.js'
import type { Writer } from './write-items.js'

/** What a partition reaches of the world. */
export interface PartitionPorts {
  /** Its own name, by which others call it. */
  readonly name: PartitionName
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly alarm: Alarm
  readonly peers: Peers
  /** What items must be, if anybody says. */
  readonly checkItem?: CheckItem | undefined
  /** Who keeps the tree's topology, if anybody does. */
  readonly keeper?: KeeperPeer | undefined
  /** Where it is published, if it is anywhere, and what others here have read of it. */
  readonly topology?: PublishedTopology | undefined
}

/** Where the topology is published. */
export interface PublishedTopology {
  readonly cache: TopologyCache
  /** What was read of a tree: shared by those who live together, because it may be large. */
  snapshotsOf(database: string, shape: TreeShape): Snapshots
}

/** What a partition is set to. */
export interface PartitionSettings extends Pick<EngineSettings, 'limits' | 'splitAt'> {
  /** For how long there must be too many requests. Default ten seconds. */
  readonly sustainedFor?: Millis
  /** How much is done in one go when keys move. */
  readonly pace?: Pace
  /** When pages end: only tests say it. */
  readonly pages?: PageLimits
}

/** What there is in a partition once something was written. */
export interface Opened {
  readonly facts: PartitionFacts
  readonly items: ItemStore
  readonly writer: Writer
  readonly versions: HybridClock
  readonly parts: PartStore
  readonly records: RecordStore
  readonly deletions: DeletionRing
  readonly expiry: Expiry
  readonly moving: Moving
}

/** A partition, as those see it who take part in transactions for it. */
export interface Place {
  readonly ports: PartitionPorts
  readonly limits: Limits
  readonly locks: LockTable
  /** By which items end. */
  readonly ends: ExpiryClock
  /** What was decided here lately. */
  readonly tokens: TokenMemory
  /** What is written here, or nothing. Storage is asked, not memory. */
  open(): Opened | undefined
  /** The items to evaluate against, none if nothing was ever written. */
  items(): ItemsToEvaluate
  /** Runs a section that writes. The first one makes the tables, if it succeeds. */
  writing<T>(section: (opened: Opened) => T): T
  /**
   * Says what settings the data is written with: what is said first, with the first data, holds for ever. To be
   * called in the atomic section that writes data.
   *
   * @throws {SettingsMismatchError} when it was written with others.
   */
  pin(settings: PinnedSettings): void
  /** Who serves what, as far as is known here: what is here is known. */
  readonly picture: Picture
  /** Whether all of these are served here. */
  isHere(spots: Iterable<Spot>): boolean
  /**
   * Makes sure that all of these are served here.
   *
   * @throws {Elsewhere} when not: the operation is to be passed on, as it is given.
   */
  checkHere(spots: Iterable<Spot>, operation: PartitionOperation): void
  /** Whether a key is served here, of those that were. */
  keeps(key: ItemKey): boolean
  /** What of a claim is served here; nothing, if its hash key is not. It may be empty otherwise. */
  kept(claim: HashKeyClaim): HashKeyClaim | undefined
  /** What of a part has moved away from a range that is dividing; nothing, if nothing of it has. */
  moved(part: PreparedPart): PreparedPart | undefined
  /** Learns from an answer who serves what. */
  learn(answer: PartitionAnswer, asked: PartitionName): void
  /** Where somebody else takes something to be. */
  hint(partition: PartitionName): void
  /** Runs a section until it is not blocked any more, at once if it is not. */
  whenFree<T>(turn: Turn, section: () => T): T | Promise<T>
  /** Makes sure that the alarm rings by then. To be called outside of atomic sections. */
  wakeBy(at: Millis): void
}
