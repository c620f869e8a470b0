import { mark } from '../mark.js'
import type { Limits } from '../settings.js'
import { DeletionRing } from './deletion-ring.js'
import { HybridClock } from './hybrid-clock.js'
import { ItemStore } from './item-store.js'
import type { LockTable } from './lock-table.js'
import { PartStore } from './part-store.js'
import type { PartitionFacts } from './partition-facts.js'
import type { Opened, PartitionPorts } from './place.js'
import { RecordStore } from './record-store.js'
import { ReplacedInstanceError } from './replaced-instance-error.js'
import type { TokenMemory } from './token-memory.js'
import type { Moving } from './transfer/moving.js'
import { Writer } from './write-items.js'

/** What the stores need of their partition. */
export interface StoresPlace {
  readonly ports: PartitionPorts
  readonly limits: Limits
  readonly facts: PartitionFacts
  readonly locks: LockTable
  /** The writes that this instance has decided. */
  tokens(): TokenMemory
  /** What moves keys, which is told of every row that changes. */
  newMoving(): Moving
}

/** Opens the stores over tables that are in this version's format. */
export function openStores(place: StoresPlace): Opened {
  const { facts, limits, tokens } = place
  const { storage, clock, checkItem } = place.ports
  const versions = new HybridClock(clock, {
    get: () => (facts.get('clock_bound') ?? 0) as number,
    set: (bound) => facts.set('clock_bound', bound),
  })
  const deletions = new DeletionRing(versions.last)
  const moving = place.newMoving()
  const items = new ItemStore(storage, {
    found: (hashKey, attempts, marked) => {
      if (marked !== moving.mark) {
        MARK: mark('what a reader looks for has moved away without its knowing')
        throw new ReplacedInstanceError('another instance of this partition has handed keys over')
      }
      if (attempts === place.locks.preparedUnder(hashKey)) return
      throw new ReplacedInstanceError('another instance of this partition has locked or released something')
    },
    deleted: (key) => deletions.add(key, versions.last),
    changed: ({ hashKey, sortKey }) => moving.changed({ table: 'items', hashKey, sortKey }),
  })
  return {
    facts,
    items,
    versions,
    deletions,
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
