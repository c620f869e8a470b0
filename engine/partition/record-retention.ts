import { mapConcurrently } from '../concurrently.js'
import type { Millis } from '../ports.js'
import type { Place } from './place.js'
import type { StoredRecord } from './record-store.js'
import { tellParticipants } from './tell-outcome.js'
import { RETENTION } from './token-memory.js'

/** Records are kept so much longer than anybody may ask for them. */
const RECORD_MARGIN: Millis = 60_000
/** Transactions whose participants are remembered to have heard. */
const MAX_ACKNOWLEDGED = 100_000
/** Records that are looked at in one section. */
const RECORDS_PER_SECTION = 500
/** Records whose participants are told at the same time. */
const RECORDS_AT_ONCE = 8
/** How often records are looked at while there are any. */
const RECORDS_LOOKED_AT_EVERY: Millis = 660_000

const NO_KEY = new Uint8Array()

/** How long the records of transactions are kept: until nobody may ask for one, and every participant has heard. */
export class RecordRetention {
  readonly #place: Place
  /** Transactions of which every participant has acknowledged the commit, to this instance. */
  readonly #acknowledged = new Set<number>()
  /** When records are looked at again. */
  #looksAt: Millis = Number.NEGATIVE_INFINITY

  constructor(place: Place) {
    this.#place = place
  }

  /** Remembers that every participant of a transaction has acknowledged its commit. */
  acknowledge(token: number): void {
    // What is not remembered is told once more.
    if (this.#acknowledged.size >= MAX_ACKNOWLEDGED) this.#acknowledged.clear()
    this.#acknowledged.add(token)
  }

  /** Makes sure that records are looked at when they may be forgotten. */
  wake(): void {
    this.#place.wakeBy(this.#now + RETENTION + 2 * RECORD_MARGIN)
  }

  /**
   * Forgets records that nobody may ask for any more, if it is time to look. One whose participants may not all
   * know is kept until they do.
   *
   * @returns when to look again; never, when no records are left.
   */
  async forgetOld(): Promise<Millis | undefined> {
    if (this.#now < this.#looksAt) return this.#looksAt
    this.#looksAt = this.#now + RECORDS_LOOKED_AT_EVERY
    const before = this.#now - RETENTION - RECORD_MARGIN
    let left = false
    for (let behind: StoredRecord | undefined; ; ) {
      const page = this.#place.open()?.records.page(behind, RECORDS_PER_SECTION) ?? []
      // What has moved away is seen to by who has it.
      const here = page.filter(({ hashKey, sortKey }) =>
        this.#place.keeps({ hashKey, sortKey: sortKey ?? NO_KEY }),
      )
      const old = here.filter(({ stored }) => stored < before)
      const gone = await mapConcurrently(old, RECORDS_AT_ONCE, (record) => this.#isSettled(record))
      if (gone.includes(true)) {
        this.#place.writing(({ records, facts }) => {
          this.#place.ports.storage.atomic(() => {
            // A clock that leaps forgets too early: what was born since then may have happened.
            facts.set('forgotten', Math.max(before, (facts.get('forgotten') ?? 0) as number))
            old.forEach((record, i) => {
              if (gone[i]) records.remove(record)
            })
          })
        })
      }
      left ||= here.length > old.length || gone.includes(false)
      for (const { id } of old) this.#acknowledged.delete(id)
      behind = page.at(-1)
      if (page.length < RECORDS_PER_SECTION) return left ? this.#looksAt : undefined
      await this.#place.ports.clock.sleep(0)
    }
  }

  /** Whether nobody needs a record any more. */
  async #isSettled({ hashKey, id }: StoredRecord): Promise<boolean> {
    if (this.#acknowledged.has(id)) return true
    const record = this.#place.open()?.records.get(hashKey, id)
    if (record?.outcome !== 'committed') return true
    const heard = await tellParticipants(this.#place, record)
    return heard.every((one) => one)
  }

  get #now(): Millis {
    return this.#place.ports.clock.now()
  }
}
