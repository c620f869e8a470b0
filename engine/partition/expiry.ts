import { mark } from '../mark.js'
import type { ItemKey } from '../operations.js'
import type { Clock, Millis, Storage } from '../ports.js'
import type { ExpiryClock } from './expiry-clock.js'
import type { Ended, ItemStore } from './item-store.js'

/** Items that have ended are deleted in the background once in so long, all together. */
const SWEEP_EVERY: Millis = 60_000
/** What one step deletes at most, about: nobody waits longer than for that. */
const MAX_BYTES = 2_000_000
/** Steps of one alarm: then another one goes on, so that none runs for ever. */
const MAX_STEPS = 200
/** An alarm is not set for later than this: whoever wakes too early looks for the next time. */
const MAX_AHEAD: Millis = 365 * 86_400_000

const SQL = {
  ended: `SELECT hash_key, sort_key, version, expires, coalesce(
      octet_length(value), (SELECT octet_length(l.value) FROM large_values l WHERE l.version = i.version))
    FROM items i WHERE expires IS NOT NULL AND (expires, hash_key, sort_key) > (?, ?, ?) AND expires <= ?
    ORDER BY expires, hash_key, sort_key LIMIT ?`,
  next: 'SELECT min(expires) FROM items WHERE expires IS NOT NULL',
} as const

/** What deleting in the background needs of its partition. */
export interface ExpiryPlace {
  readonly storage: Storage
  readonly clock: Clock
  readonly ends: ExpiryClock
  readonly items: ItemStore
  /** Rows of a step. */
  readonly step: number
  /** Whether a key is served here: what has moved away is for whoever has it. */
  keeps(key: ItemKey): boolean
  /** Whether a transaction has locked it, which may count on its being there. */
  isLocked(key: ItemKey): boolean
  /** How long to leave others their turn, between two steps. */
  pause(): Millis
  wakeBy(at: Millis): void
}

interface Cursor {
  readonly expires: Millis
  readonly key: ItemKey
}

const NO_KEY: ItemKey = { hashKey: new Uint8Array(), sortKey: new Uint8Array() }

/**
 * Deletes what has ended and nobody has come upon, so that storage shrinks. An alarm wakes it: armed in the turn that
 * writes an item that ends, and once a minute at most.
 */
export class Expiry {
  readonly #place: ExpiryPlace
  /** When the first item ends of those that were written since the alarm was armed. */
  #soonest: Millis | undefined
  #sweeping = false

  constructor(place: ExpiryPlace) {
    this.#place = place
  }

  /** Notes that an item was written that ends then. {@link arm} is to be called behind the section. */
  note(expires: Millis): void {
    this.#soonest = Math.min(expires, this.#soonest ?? expires)
  }

  /** Makes sure that the alarm rings for what was noted. To be called outside of atomic sections. */
  arm(): void {
    if (this.#soonest === undefined) return
    const at = this.#wakeFor(this.#soonest)
    this.#soonest = undefined
    this.#place.wakeBy(at)
  }

  /** When to wake for what is stored; never, if nothing ends. */
  get due(): Millis | undefined {
    const [row] = [...this.#place.storage.rows(SQL.next)]
    const next = row?.[0] as Millis | null | undefined
    return next === null || next === undefined ? undefined : this.#wakeFor(next)
  }

  /** Deletes what has ended, step by step. @returns when to wake for what is left; never, if nothing ends. */
  async sweep(): Promise<Millis | undefined> {
    if (this.#sweeping) return this.due
    this.#sweeping = true
    try {
      const { clock, pause } = this.#place
      let after: Cursor | undefined = { expires: Number.MIN_SAFE_INTEGER, key: NO_KEY }
      for (let steps = 0; steps < MAX_STEPS; steps++) {
        after = this.#step(after)
        if (after === undefined) return this.due
        await clock.sleep(pause())
      }
      return clock.now()
    } finally {
      this.#sweeping = false
    }
  }

  /** One section. @returns where to go on, if there is more. */
  #step(after: Cursor): Cursor | undefined {
    const { storage, ends, step, items, keeps, isLocked } = this.#place
    const ended: Ended[] = []
    let last: Cursor | undefined
    let bytes = 0
    let rows = 0
    const { expires, key } = after
    for (const row of storage.rows(SQL.ended, expires, key.hashKey, key.sortKey, ends.now, step)) {
      const [hashKey, sortKey, version, expires, size] = row as unknown as [
        Uint8Array,
        Uint8Array,
        number,
        Millis,
        number,
      ]
      rows++
      bytes += size
      const key = { hashKey, sortKey }
      last = { expires, key }
      if (keeps(key) && !isLocked(key)) ended.push({ key, version })
      if (bytes > MAX_BYTES) break
    }
    if (ended.length > 0) {
      MARK: mark('what has ended is deleted in the background')
      items.buryAll(ended)
    }
    return rows < step && bytes <= MAX_BYTES ? undefined : last
  }

  /** The whole minute behind it: everything that ends before that is deleted together. */
  #wakeFor(expires: Millis): Millis {
    const { clock } = this.#place
    const at = Math.min(Math.max(expires, clock.now()), clock.now() + MAX_AHEAD)
    return (Math.floor(at / SWEEP_EVERY) + 1) * SWEEP_EVERY
  }
}
