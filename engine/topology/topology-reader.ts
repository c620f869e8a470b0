import { keyText } from '../keys/key-text.js'
import { mark } from '../mark.js'
import type { Clock, Millis, TopologyCache } from '../ports.js'
import { within } from '../within.js'
import { decodeRangeIndex } from './encode-range-index.js'
import type { Router } from './router.js'
import { forestSnapshotKey, promotedSnapshotKey, rangeSnapshotKey } from './snapshot-keys.js'
import type { SnapshotName, Snapshots } from './snapshots.js'

/**
 * How long a request waits for what it is the first to ask for. Without it, it takes more hops, which would take
 * longer than the usual answer; what does not answer at all costs this much, once in a while.
 */
const PATIENCE: Millis = 500
/** What was read longer ago is read again, while requests go by what there is. */
const MAX_AGE: Millis = 60_000
/** What was read so long ago is waited for: reading it again has come to no end since then. */
const LONGEST_AGE: Millis = 600_000
/** What could not be read is asked for again after so long. */
const RETRY_AFTER: Millis = 10_000
/** Between two looks at whether somebody else has read what is waited for. */
const LOOK_EVERY: Millis = 5
/**
 * Hash keys that one request asks for at most: what an invocation may ask of the outside is limited, and its answer is
 * not to suffer from what is only a hint. The others take a hop more.
 */
const MAX_ASKED_AT_ONCE = 20
/** Hash keys that are kept in mind as asked for. */
const MAX_ASKED = 10_000

/** Something that is published. */
interface Published {
  /** When it was asked for last. What was, is used while it is read again: nobody waits. */
  readonly asked: Millis | undefined
  found(bytes: Uint8Array): void
  /** It was asked for. */
  note(at: Millis): void
}

/** A question to the cache that is under way. */
interface Reading {
  readonly since: Millis
  over: boolean
}

export interface TopologyReaderPorts {
  readonly cache: TopologyCache
  readonly clock: Clock
}

/**
 * Reads what is published of a database's topology when something is to be routed, so that a router knows of it.
 * Whatever comes of it, requests are answered: what is missing, old, damaged or late costs hops and nothing else.
 */
export class TopologyReader {
  readonly #ports: TopologyReaderPorts
  readonly #database: string
  readonly #router: Router
  readonly #readings = new Map<string, Reading>()
  /** When the ranges of hash keys were asked for, by their texts. */
  readonly #asked = new Map<string, Millis>()

  /** @param database its name, as it is given. */
  constructor(ports: TopologyReaderPorts, database: string, router: Router) {
    this.#ports = ports
    this.#database = database
    this.#router = router
  }

  /**
   * To be waited for before something of these hash keys is routed; nothing, if all that is published of them was
   * read, or looked for in vain lately. Never fails.
   */
  ready(hashKeys: readonly Uint8Array[]): Promise<void> | undefined {
    const now = this.#ports.clock.now()
    const forest = this.#snapshot('forest', forestSnapshotKey, now)
    const promoted = this.#snapshot('promoted', promotedSnapshotKey, now)
    if (forest === undefined && promoted === undefined) return this.#rangesOf(hashKeys, now)
    return Promise.all([forest, promoted]).then(() => this.#rangesOf(hashKeys, this.#ports.clock.now()))
  }

  get #snapshots(): Snapshots {
    return this.#router.snapshots
  }

  #snapshot(name: SnapshotName, keyOf: (database: string) => string, now: Millis): Promise<void> | undefined {
    const asked = this.#snapshots.askedFor(name)
    if (asked !== undefined && isYoung(asked, now)) return undefined
    return this.#read(keyOf(this.#database), now, {
      asked,
      found: (bytes) => this.#snapshots.keep(name, bytes),
      note: (at) => this.#snapshots.noteAsked(name, at),
    })
  }

  #rangesOf(hashKeys: readonly Uint8Array[], now: Millis): Promise<void> | undefined {
    let readings: Promise<void>[] | undefined
    let left = MAX_ASKED_AT_ONCE
    for (const hashKey of hashKeys) {
      if (!this.#snapshots.mayBePromoted(hashKey)) continue
      const text = keyText(hashKey)
      const asked = this.#asked.get(text)
      if (asked !== undefined && isYoung(asked, now)) continue
      if (left-- === 0) break
      const reading = this.#read(rangeSnapshotKey(this.#database, hashKey), now, {
        asked,
        found: (bytes) => this.#learn(hashKey, text, bytes),
        note: (at) => this.#noteAsked(text, at),
      })
      if (reading !== undefined) readings = [...(readings ?? []), reading]
    }
    return readings && Promise.all(readings).then(() => {})
  }

  #learn(hashKey: Uint8Array, text: string, bytes: Uint8Array): void {
    const { index } = decodeRangeIndex(bytes)
    // What was published under the same hash may be another hash key's.
    if (keyText(index.hashKey) !== text) return
    // An older one changes nothing: what was divided since is deeper.
    this.#router.learnRanges(hashKey, index.ranges(this.#database))
  }

  #noteAsked(text: string, at: Millis): void {
    this.#asked.delete(text)
    this.#asked.set(text, at)
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MAX_ASKED) return
      this.#asked.delete(oldest)
    }
  }

  /** Has something read. @returns what to wait for, if anything. */
  #read(key: string, now: Millis, published: Published): Promise<void> | undefined {
    const known = this.#readings.get(key)
    const underWay = known !== undefined && known.since <= now && now < known.since + PATIENCE
    const { asked } = published
    const waits = asked === undefined || now > asked + LONGEST_AGE
    if (underWay) return waits ? this.#waitFor(known) : undefined
    const reading = this.#ask(key, now, published)
    return waits ? reading : undefined
  }

  /**
   * Waits for somebody else's question, not for longer than a request can wait. Its promise is not waited for: a
   * Worker's requests must not wait for each other's I/O, and the other one may be gone.
   */
  async #waitFor(reading: Reading): Promise<void> {
    for (let waited = 0; !reading.over && waited < PATIENCE; waited += LOOK_EVERY) {
      await this.#ports.clock.sleep(LOOK_EVERY)
    }
  }

  /** Of a request that was called off, a question never comes to its end. Nobody waits for it by now. */
  #forgetLate(now: Millis): void {
    for (const [key, { since }] of this.#readings) {
      if (since <= now && now < since + PATIENCE) return
      this.#readings.delete(key)
    }
  }

  /** Never fails, and takes no longer than a request can wait; what comes later is kept all the same. */
  async #ask(key: string, now: Millis, { found, note }: Published): Promise<void> {
    const { clock, cache } = this.#ports
    const reading: Reading = { since: now, over: false }
    this.#forgetLate(now)
    this.#readings.delete(key)
    this.#readings.set(key, reading)
    try {
      const read = cache.get(key).then((bytes) => {
        if (bytes !== undefined) found(bytes)
        note(now)
      })
      await within(PATIENCE, clock, read)
    } catch {
      MARK: mark('what is published of the topology cannot be read')
      note(now - MAX_AGE + RETRY_AFTER)
    } finally {
      reading.over = true
      if (this.#readings.get(key) === reading) this.#readings.delete(key)
    }
  }
}

/** A clock that is set back must not make a minute a year. */
function isYoung(asked: Millis, now: Millis): boolean {
  return asked <= now && now < asked + MAX_AGE
}
