import { mark } from '../mark.js'
import type { Millis } from '../ports.js'
import type { Limits } from '../settings.js'
import { DeletionRing } from './deletion-ring.js'
import { Expiry } from './expiry.js'
import type { ExpiryClock } from './expiry-clock.js'
import { HybridClock } from './hybrid-clock.js'
import { ItemStore } from './item-store.js'
import type { LockTable } from './lock-table.js'
import { PartStore } from './part-store.js'
import type { PartitionFacts } from './partition-facts.js'
import type { Opened, PartitionPorts } from './place.js'
import { RecordStore } from './record-store.js'
import { ReplacedInstanceError } from './replaced-instance-error.js'
import { noteEnding } from './storage-format.js'
import type { TokenMemory } from './token-memory.js'
import type { Moving } from './transfer/moving.js'
import { Writer } from './write-items.js'

/** What the stores need of their partition. */
export interface StoresPlace {
  readonly ports: PartitionPorts
  readonly limits: Limits
  readonly facts: PartitionFacts
  readonly locks: LockTable
  /** By which items end. */
  readonly ends: ExpiryClock
  /** Rows that are deleted in one section. */
  readonly step: number
  /** The writes that this instance has decided. */
  tokens(): TokenMemory
  /** What moves keys, which is told of every row that changes. */
  newMoving(): Moving
  wakeBy(at: Millis): void
}

/** Opens the stores over tables that are in this version's format. */
export function openStores(place: StoresPlace): Opened {
  const { facts, limits, tokens, locks, ends } = place
  const { storage, clock, checkItem } = place.ports
  const versions = new HybridClock(clock, {
    get: () => (facts.get('clock_bound') ?? 0) as number,
    set: (bound) => facts.set('clock_bound', bound),
  })
  const deletions = new DeletionRing(versions.last)
  const moving = place.newMoving()
  const items: ItemStore = new ItemStore(storage, ends, {
    found: (hashKey, attempts, marked) => {
      if (marked !== moving.mark) {
        MARK: mark('what a reader looks for has moved away without its knowing')
        throw new ReplacedInstanceError('another instance of this partition has handed keys over')
      }
      if (attempts === locks.preparedUnder(hashKey)) return
      throw new ReplacedInstanceError('another instance of this partition has locked or released something')
    },
    deleted: (key) => deletions.add(key, versions.last),
    changed: ({ hashKey, sortKey }) => moving.changed({ table: 'items', hashKey, sortKey }),
    ends: (expires) => {
      noteEnding(storage)
      expiry.note(expires)
    },
    over: (key) => locks.passOver(key),
    // An instance that was replaced finds out by the bound that something was deleted that it does not know of.
    burying: () => versions.reserve(),
    buried: ({ key, version }) => {
      deletions.addEnded(key, version)
      moving.changed({ table: 'items', hashKey: key.hashKey, sortKey: key.sortKey })
    },
  })
  const expiry = new Expiry({
    storage,
    clock,
    ends,
    items,
    step: place.step,
    keeps: ({ hashKey, sortKey }) => moving.territory.keeps(hashKey, sortKey),
    isLocked: (key) => locks.at(key).length > 0,
    pause: () => Math.max(1, moving.source.slowDown),
    wakeBy: (at) => place.wakeBy(at),
  })
  return {
    facts,
    items,
    versions,
    deletions,
    expiry,
    moving,
    parts: new PartStore(storage, (hashKey, id, piece) =>
      moving.changed({ table: 'parts', hashKey, id, piece }),
    ),
    records: new RecordStore(storage, ({ hashKey, id, sortKey }) =>
      moving.changed({ table: 'transactions', hashKey, id, sortKey }),
    ),
    writer: new Writer({ storage, clock, items, versions, tokens, limits, checkItem }),
  }
}
