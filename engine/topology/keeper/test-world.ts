import { DatabaseSync } from 'node:sqlite'
import type {
  GrowthEvent,
  KeeperAnswer,
  KeeperOperation,
  KeeperRequest,
  Outline,
  PartitionAnswer,
} from '../../operations.js'
import { REQUEST_VERSION } from '../../operations.js'
import { type Millis, type PartitionName, PeerCallError, type Storage } from '../../ports.js'
import { sqliteStorage } from '../../simulation/sqlite-storage.js'
import { Keeper } from './keeper.js'
import { DATABASE, SETTINGS } from './test-tree.js'

/** What becomes of a put. */
export type PutFate = 'arrives' | 'is refused' | 'arrives, unanswered' | 'hangs' | Promise<void>

/** A put, when it was begun. */
export interface Put {
  readonly key: string
  readonly at: Millis
  readonly value: Uint8Array
}

/** A keeper whose cache, partitions, crashes and time a test has in its hands: nothing happens by itself. */
export class KeeperWorld {
  now: Millis = 1_700_000_000_000
  /** When the alarm rings. */
  alarm: Millis | undefined
  keeper: Keeper
  readonly database = new DatabaseSync(':memory:')
  readonly puts: Put[] = []
  readonly cache = new Map<string, Uint8Array>()
  hasCache = true
  putFate: (key: string) => PutFate = () => 'arrives'
  /** What partitions say when they are asked; who is not there does not answer. */
  outlines: ReadonlyMap<PartitionName, Outline> = new Map()
  readonly asked: PartitionName[] = []
  /** Called before a partition answers. */
  onAsk: (partition: PartitionName) => void | Promise<void> = () => {}
  /** After so many touches of storage and alarm, the instance crashes. */
  touchesLeft = Number.POSITIVE_INFINITY
  #timers: { readonly at: Millis; readonly wake: () => void }[] = []
  #instance = 0

  constructor() {
    this.keeper = this.#newInstance()
  }

  /** A new instance begins with what is stored. Whatever the old one touches fails. */
  restart(): void {
    this.touchesLeft = Number.POSITIVE_INFINITY
    this.keeper = this.#newInstance()
  }

  ask(operation: KeeperOperation, more: Partial<KeeperRequest> = {}): Promise<KeeperAnswer> {
    const request = { version: REQUEST_VERSION, settings: SETTINGS, operation, ...more }
    return this.keeper.execute(structuredClone(request))
  }

  report(...events: readonly GrowthEvent[]): Promise<KeeperAnswer> {
    return this.ask({ kind: 'report', events })
  }

  /** All that is stored, as a text. */
  stored(): string {
    const tables = this.database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    return JSON.stringify(
      tables.map(({ name }) => [name, this.database.prepare(`SELECT * FROM ${name}`).all()]),
    )
  }

  /** Lets time go by. Whatever is to happen in it does. */
  async pass(time: Millis): Promise<void> {
    const until = this.now + time
    for (;;) {
      await settle()
      const next = Math.min(...this.#timers.map(({ at }) => at), this.alarm ?? Number.POSITIVE_INFINITY)
      if (next > until) break
      this.now = Math.max(this.now, next)
      if (this.alarm !== undefined && this.alarm <= this.now) void this.#ring()
      const due = this.#timers.filter(({ at }) => at <= this.now)
      this.#timers = this.#timers.filter(({ at }) => at > this.now)
      for (const { wake } of due) wake()
    }
    this.now = until
  }

  /** It fires at least once: again, if the instance crashes over it. */
  async #ring(): Promise<void> {
    const instance = this.#instance
    this.alarm = undefined
    await this.keeper.alarm()
    if (instance === this.#instance && this.touchesLeft > 0) return
    this.alarm ??= this.now
    if (instance === this.#instance) this.restart()
  }

  #newInstance(): Keeper {
    const instance = ++this.#instance
    const touch = () => {
      if (instance !== this.#instance || --this.touchesLeft < 0) throw new Error('the instance is gone')
    }
    const sleep = (time: Millis) =>
      new Promise<void>((resolve) => {
        this.#timers.push({ at: this.now + time, wake: resolve })
      })
    const storage = sqliteStorage(this.database)
    return new Keeper({
      database: DATABASE,
      storage: touching(storage, touch),
      clock: { now: () => this.now, sleep },
      alarm: {
        set: (at) => {
          touch()
          this.alarm = at
        },
        clear: () => {
          touch()
          this.alarm = undefined
        },
      },
      peers: {
        call: async (partition): Promise<PartitionAnswer> => {
          this.asked.push(partition)
          await this.onAsk(partition)
          const result = this.outlines.get(partition)
          if (result !== undefined) return { ok: true, result: structuredClone(result) }
          throw new PeerCallError('nobody answers', { undelivered: false, overloaded: false })
        },
      },
      cache: this.hasCache
        ? {
            get: async (key) => this.cache.get(key),
            put: async (key, value) => {
              this.puts.push({ key, at: this.now, value })
              const fate = this.putFate(key)
              if (fate === 'is refused') throw new Error('429')
              if (fate === 'hangs') return new Promise(() => {})
              if (fate instanceof Promise) await fate
              this.cache.set(key, value)
              if (fate === 'arrives, unanswered') throw new Error('no answer')
            },
          }
        : undefined,
    })
  }
}

function touching(storage: Storage, touch: () => void): Storage {
  return {
    rows: (statement, ...bindings) => {
      touch()
      return storage.rows(statement, ...bindings)
    },
    run: (statement, ...bindings) => {
      touch()
      storage.run(statement, ...bindings)
    },
    atomic: (section) => {
      touch()
      return storage.atomic(() => {
        const result = section()
        touch()
        return result
      })
    },
    bytes: () => storage.bytes(),
  }
}

/** Until nobody can go on without time going by. */
async function settle(): Promise<void> {
  for (let i = 0; i < 1_000; i++) await Promise.resolve()
}
