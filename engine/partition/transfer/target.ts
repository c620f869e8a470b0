import { mark } from '../../mark.js'
import {
  type CopyCursor,
  type HandedOver,
  type MovedRow,
  type PartitionAdopt,
  type PartitionOperation,
  type PartitionResults,
  REQUEST_VERSION,
  type Transfer,
} from '../../operations.js'
import type { Clock, Millis, Peers, Random, Storage } from '../../ports.js'
import { decodeBase64, encodeBase64 } from '../../values/base64.js'
import { within } from '../../within.js'
import type { PartitionFacts } from '../partition-facts.js'
import type { Arrival } from '../territory.js'
import { storeMovedRow } from './moved-rows.js'
import type { Pace } from './pace.js'
import { decodeKeySet, encodeKeySet } from './transfer-store.js'

/** A source that does not answer for so long is asked again. */
const PATIENCE: Millis = 10_000
/** Calls without an answer after which the alarm goes on. */
const MAX_FAILURES = 5
const FIRST_BACKOFF: Millis = 20
/** Somebody may be waiting for the keys. */
const MOST_BACKOFF: Millis = 300

/** What a target needs of its partition. */
export interface TargetPlace {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly peers: Peers
  readonly facts: PartitionFacts
  readonly pace: Pace
  /** Takes over what goes with the keys beside their rows. To be called in the section that stores them. */
  take(handedOver: HandedOver): void
  /** It serves from now on. To be called behind that section. */
  serves(handedOver: HandedOver): void
}

/**
 * How far an arrival has come.
 *
 * | state      | what is stored                             | next                       | then                   |
 * | ---------- | ------------------------------------------ | -------------------------- | ---------------------- |
 * | `copying`  | everything up to `upTo`                    | `copy` behind it           | `copying`, `catching`  |
 * | `catching` | all, with the changes up to `behind`       | `catchUp`, then `handOver` | `catching`, `serving`  |
 * | `serving`  | all of it, and nobody else serves it       | `settle`                   | `settled`              |
 * | `settled`  | the same, and the source knows             |                            |                        |
 */
interface Stage {
  readonly state: 'copying' | 'catching' | 'serving' | 'settled'
  readonly upTo?: CopyCursor
  readonly behind: number
}

/** Where a partition's keys come from: copies them, and serves them from the moment that they are handed over. */
export class Target {
  readonly #place: TargetPlace
  #transfer: Transfer | undefined
  #stage: Stage | undefined
  #running = false

  constructor(place: TargetPlace) {
    this.#place = place
    const stored = place.facts.get('arrival')
    if (stored === undefined) return
    const arrival = decodeArrival(stored as string)
    this.#transfer = arrival.transfer
    this.#stage = arrival.stage
  }

  get arrival(): Arrival | undefined {
    const { source, set } = this.#transfer ?? {}
    if (source === undefined || set === undefined) return undefined
    const state = this.#stage?.state
    return { source, set, serves: state === 'serving' || state === 'settled' }
  }

  /** Whether there is something left to do. */
  get busy(): boolean {
    return this.#stage !== undefined && this.#stage.state !== 'settled'
  }

  /** Becomes the target of a transfer. Told again, it is one already. @returns whether it is that transfer's. */
  adopt({ transfer }: PartitionAdopt): boolean {
    if (this.#transfer !== undefined) return this.#transfer.id === transfer.id
    const stage: Stage = { state: 'copying', behind: 0 }
    this.#place.facts.set('arrival', encodeArrival(transfer, stage))
    this.#transfer = transfer
    this.#stage = stage
    MARK: mark('a partition is adopted')
    return true
  }

  /** Goes on until it is done, or the source does not answer. One at a time. Never throws. */
  async run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      const { clock, random } = this.#place
      for (let failures = 0; this.busy && failures < MAX_FAILURES; ) {
        if (await this.#step()) failures = 0
        else {
          failures++
          await clock.sleep(random.fraction() * Math.min(MOST_BACKOFF, FIRST_BACKOFF * 3 ** failures))
        }
      }
    } catch {
      // This instance is not the partition any more, or storage failed: the alarm comes back to it.
    } finally {
      this.#running = false
    }
  }

  /** @returns whether it has come further. */
  async #step(): Promise<boolean> {
    const transfer = this.#transfer as Transfer
    const stage = this.#stage as Stage
    const { id } = transfer
    switch (stage.state) {
      case 'copying': {
        const { upTo } = stage
        const page = await this.#ask({
          kind: 'copy',
          transfer: id,
          ...(upTo === undefined ? undefined : { after: upTo }),
        })
        if (page === undefined) return false
        return this.#store(stage, page.rows, {
          state: page.upTo === undefined ? 'catching' : 'copying',
          behind: 0,
          ...(page.upTo === undefined ? undefined : { upTo: page.upTo }),
        })
      }
      case 'catching': {
        const changes = await this.#ask({ kind: 'catchUp', transfer: id, behind: stage.behind })
        if (changes !== undefined && changes.left + changes.rows.length > this.#place.pace.few) {
          return this.#store(stage, changes.rows, { state: 'catching', behind: changes.upTo })
        }
        const caught = changes === undefined ? stage : { state: 'catching' as const, behind: changes.upTo }
        if (
          changes !== undefined &&
          changes.upTo !== stage.behind &&
          !this.#store(stage, changes.rows, caught)
        ) {
          return false
        }
        return this.#takeOver(caught)
      }
      case 'serving': {
        const settled = await this.#ask({ kind: 'settle', transfer: id })
        if (settled === undefined) return false
        return this.#store(stage, [], { ...stage, state: 'settled' })
      }
      case 'settled':
        return true
    }
  }

  async #takeOver(stage: Stage): Promise<boolean> {
    const { id } = this.#transfer as Transfer
    const answer = await this.#ask({ kind: 'handOver', transfer: id, behind: stage.behind })
    if (answer === undefined) return false
    const { handedOver } = answer
    // Too much has changed meanwhile: catching up goes on.
    if (handedOver === undefined) return true
    const served = this.#store(stage, handedOver.rows, { state: 'serving', behind: stage.behind }, () =>
      this.#place.take(handedOver),
    )
    if (served) {
      MARK: mark('a target serves')
      this.#place.serves(handedOver)
    }
    return served
  }

  /**
   * Stores rows, and how far they go, if nothing was stored since they were asked for: a late answer changes
   * nothing.
   */
  #store(from: Stage, rows: readonly MovedRow[], to: Stage, also: () => void = () => {}): boolean {
    const { storage, facts } = this.#place
    const transfer = this.#transfer as Transfer
    const stored = storage.atomic(() => {
      if (facts.get('arrival') !== encodeArrival(transfer, from)) {
        MARK: mark('a late answer to a target changes nothing')
        return false
      }
      for (const row of rows) storeMovedRow(storage, row)
      facts.set('arrival', encodeArrival(transfer, to))
      also()
      return true
    })
    if (stored) this.#stage = to
    return stored
  }

  /** Asks the source. Nothing, when it does not answer, or refuses. */
  async #ask<O extends PartitionOperation>(operation: O): Promise<PartitionResults[O['kind']] | undefined> {
    const { peers, clock } = this.#place
    const { source, settings } = this.#transfer as Transfer
    try {
      const answer = await within(
        PATIENCE,
        clock,
        peers.call(source, { version: REQUEST_VERSION, settings, operation }),
      )
      return answer.ok ? (answer.result as PartitionResults[O['kind']]) : undefined
    } catch {
      MARK: mark('a target asks its source again')
      return undefined
    }
  }
}

function encodeArrival(
  { id, source, target, set, settings }: Transfer,
  { state, upTo, behind }: Stage,
): string {
  return JSON.stringify({
    id,
    source,
    target,
    set: encodeKeySet(set),
    settings,
    state,
    behind,
    ...(upTo === undefined ? undefined : { upTo: encodeCursor(upTo) }),
  })
}

function decodeArrival(text: string): { transfer: Transfer; stage: Stage } {
  const { id, source, target, set, settings, state, behind, upTo } = JSON.parse(text)
  return {
    transfer: { id, source, target, set: decodeKeySet(set), settings },
    stage: { state, behind, ...(upTo === undefined ? undefined : { upTo: decodeCursor(upTo) }) },
  }
}

function encodeCursor({ table, hashKey, sortKey, id }: CopyCursor) {
  return [table, encodeBase64(hashKey), sortKey === undefined ? null : encodeBase64(sortKey), id ?? null]
}

function decodeCursor([table, hashKey, sortKey, id]: ReturnType<typeof encodeCursor>): CopyCursor {
  return {
    table: table as CopyCursor['table'],
    hashKey: decodeBase64(hashKey as string),
    ...(sortKey === null ? undefined : { sortKey: decodeBase64(sortKey as string) }),
    ...(id === null ? undefined : { id: id as number }),
  }
}
