import { assert, UnavailableError } from '../errors.js'
import { FactStore } from '../fact-store.js'
import { mark } from '../mark.js'
import type { HandedOver, KeySet, PinnedSettings } from '../operations.js'
import type { Millis } from '../ports.js'
import { checkSettings, readSettings, settingsText, storedSettings } from '../settings-check.js'
import { clipClaim, type HashKeyClaim } from './claim.js'
import { ExpiryClock } from './expiry-clock.js'
import type { LockTable } from './lock-table.js'
import { openStores } from './open-stores.js'
import type { PartitionFacts } from './partition-facts.js'
import type { Opened, PartitionPorts, PartitionSettings } from './place.js'
import { tablesExist } from './schema.js'
import { checkFormat, createInFormat } from './storage-format.js'
import type { Territory } from './territory.js'
import { TokenMemory } from './token-memory.js'
import { emptyTerritory, Moving } from './transfer/moving.js'
import { DEFAULT_PACE } from './transfer/pace.js'

/** For how long there must be too many requests before a partition splits because of them. */
const SUSTAINED_FOR: Millis = 10_000

/** What the contents need of the partition that they are in. */
export interface ContentsPlace {
  readonly ports: PartitionPorts
  readonly settings: PartitionSettings
  readonly locks: LockTable
  /** What an earlier instance has written is opened. */
  opened(opened: Opened): void
  /** The settings are pinned. */
  pinned(settings: PinnedSettings): void
  /** What came from somebody else is served from now on. */
  arrived(opened: Opened): void
  wakeBy(at: Millis): void
}

/**
 * What is written in a partition and what this instance knows of it: the tables and how they are opened, the
 * settings that they were written with, the writes that were decided, and what goes with keys that move.
 */
export class Contents {
  /** By which items end. */
  readonly ends: ExpiryClock
  readonly #place: ContentsPlace
  readonly #facts: PartitionFacts
  /** The writes that this instance has decided. */
  #tokens: TokenMemory
  /** Unset as long as nothing was ever written: a partition that is only read stays without tables. */
  #opened: Opened | undefined
  readonly #emptyTerritory: Territory
  /** The settings that the data was written with, once there is data. */
  #settings: string | undefined

  constructor(place: ContentsPlace) {
    this.#place = place
    this.ends = new ExpiryClock(place.ports.clock)
    this.#facts = new FactStore(place.ports.storage)
    // Where nothing was ever written, no write of an earlier instance can have been forgotten.
    this.#tokens = new TokenMemory(Number.NEGATIVE_INFINITY)
    this.#emptyTerritory = emptyTerritory(place.ports.name)
  }

  /** What was opened so far: the storage is not asked. */
  get opened(): Opened | undefined {
    return this.#opened
  }

  /** The writes that this instance has decided. */
  get tokens(): TokenMemory {
    return this.#tokens
  }

  /** The keys that are here, and who has got the others. */
  get territory(): Territory {
    return this.#opened?.moving.territory ?? this.#emptyTerritory
  }

  /** Whether there is data, and with it settings that hold for ever, as far as this instance knows. */
  get isPinned(): boolean {
    return this.#settings !== undefined
  }

  /** The settings that the data was written with, once there is data. */
  get pinned(): PinnedSettings | undefined {
    return this.#settings === undefined ? undefined : readSettings(this.#settings)
  }

  /** What of a claim is served here. */
  kept(claim: HashKeyClaim): HashKeyClaim | undefined {
    const { territory } = this
    if (territory.servesHashKey(claim.hashKey)) return claim
    // Of a range partition that is dividing, what is left is a piece of the claim, and may be none of it.
    const left = territory.left(claim.hashKey)
    return left && clipClaim(claim, left)
  }

  /** @throws {ReplacedInstanceError} when another instance has written what this one does not know. */
  checkCurrent(hashKey: Uint8Array): void {
    this.#opened?.items.checkLocks(hashKey)
  }

  /**
   * Opens what was written here, if anything was. The storage is asked until then: an instance that was
   * replaced without knowing must not answer from memory that there is nothing.
   */
  open(): Opened | undefined {
    const { storage, clock } = this.#place.ports
    if (this.#opened === undefined && tablesExist(storage)) {
      MARK: mark('an instance opens what another has written')
      this.#tokens = new TokenMemory(clock.now())
      this.#opened = this.#openTables()
      this.#place.opened(this.#opened)
    }
    return this.#opened
  }

  /** Runs a section that writes. The first one makes the tables, if it succeeds. */
  writing<T>(section: (opened: Opened) => T): T {
    const { storage } = this.#place.ports
    const opened = this.open()
    const pinned = this.#settings
    try {
      const result =
        opened !== undefined
          ? section(opened)
          : storage.atomic(() => {
              createInFormat(storage, this.#facts)
              this.#opened = this.#openTables()
              const result = section(this.#opened)
              MARK: mark('the first section that writes makes the tables')
              return result
            })
      // In the same turn, so that what ends is stored with the alarm that rings for it.
      this.#opened?.expiry.arm()
      return result
    } catch (error) {
      this.#opened = opened
      this.#settings = pinned
      throw error
    }
  }

  /**
   * Says what settings the data is written with. To be called in the atomic section that writes data.
   *
   * @throws {SettingsMismatchError} when it was written with others.
   * @throws {UnavailableError} when it may be about to be.
   */
  pin(settings: PinnedSettings): void {
    // Somebody with others may have prepared since this was asked first.
    this.checkSettings(settings)
    if (this.#settings !== undefined) return
    this.#facts.set('settings', settingsText(settings))
    this.#settings = settingsText(settings)
    this.#place.pinned(settings)
  }

  /**
   * @throws {SettingsMismatchError} when data was written with other settings.
   * @throws {UnavailableError} when it may be about to be.
   */
  checkSettings(settings: PinnedSettings): void {
    // Another instance may have pinned them, which this one would have to know.
    if (this.#settings === undefined && this.#opened !== undefined) this.#readSettings()
    if (this.#settings !== undefined) {
      checkSettings(this.#settings, settings)
      return
    }
    for (const { attempt } of this.#place.locks.prepared()) {
      if (settingsText(attempt.settings) === settingsText(settings)) continue
      throw new UnavailableError('a transaction with other settings has locked something and not ended yet')
    }
  }

  #readSettings(): void {
    const stored = this.#facts.get('settings')
    this.#settings = stored === undefined ? undefined : storedSettings(String(stored))
  }

  #openTables(): Opened {
    const { ports, settings, locks } = this.#place
    checkFormat(ports.storage, this.#facts)
    this.#readSettings()
    return openStores({
      ports,
      limits: settings.limits,
      facts: this.#facts,
      locks,
      ends: this.ends,
      step: (settings.pace ?? DEFAULT_PACE).deleted,
      tokens: () => this.#tokens,
      newMoving: () => this.#newMoving(),
      wakeBy: (at) => this.#place.wakeBy(at),
    })
  }

  #newMoving(): Moving {
    const { ports, locks } = this.#place
    const { limits: _, ...settings } = this.#place.settings
    return new Moving({
      sustainedFor: SUSTAINED_FOR,
      pace: DEFAULT_PACE,
      ...settings,
      ports,
      facts: this.#facts,
      pinned: () => this.pinned,
      beside: (set) => this.#beside(set),
      movedAway: () => locks.restrict((claim) => this.kept(claim)),
      take: (handedOver) => this.#take(handedOver),
      arrived: (handedOver) => this.#arrived(handedOver),
      wakeBy: (at) => this.#place.wakeBy(at),
    })
  }

  /** What goes with keys that are handed over, beside their rows. */
  #beside(set: KeySet): Omit<HandedOver, 'rows'> {
    assert(this.#opened !== undefined, 'who hands over has something')
    return {
      clock: this.#opened.versions.last,
      forgotten: (this.#facts.get('forgotten') ?? null) as number | null,
      tokens: this.#tokens.ofSet(set, this.#place.ports.clock.now()),
    }
  }

  /** Takes over what goes with keys that are here from now on. In the section that stores their rows. */
  #take({ clock, forgotten }: HandedOver): void {
    assert(this.#opened !== undefined, 'who takes over has copied')
    this.#opened.versions.goOnFrom(clock)
    const known = (this.#facts.get('forgotten') ?? Number.NEGATIVE_INFINITY) as number
    if (forgotten !== null && forgotten > known) this.#facts.set('forgotten', forgotten)
  }

  /** Serves keys from now on, as whoever handed them over did. */
  #arrived({ clock, tokens }: HandedOver): void {
    const opened = this.#opened
    assert(opened !== undefined, 'who takes over has copied')
    this.#tokens = new TokenMemory(Number.NEGATIVE_INFINITY)
    this.#tokens.takeOver(tokens, this.#place.ports.clock.now())
    opened.deletions.startFrom(clock)
    this.#place.arrived(opened)
  }
}
