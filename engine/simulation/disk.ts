import { DatabaseSync } from 'node:sqlite'
import type { Storage } from '../ports.js'
import { sqliteStorage } from './sqlite-storage.js'

/** An instance touched the storage of a partition that has another instance by now, or has crashed. */
export class ReplacedError extends Error {
  override name = 'ReplacedError'
}

/**
 * What outlives the instances of one partition: its database, of which the latest writes are not durable yet.
 * They are one open transaction: {@link flush} makes them durable, {@link lose} is what a crash does to them.
 */
export class Disk {
  readonly database = new DatabaseSync(':memory:')
  readonly #storage = sqliteStorage(this.database)
  readonly #changes = this.database.prepare('SELECT total_changes()')
  /** Called when something became durable. */
  onFlush: (() => void) | undefined
  #flushed = 0
  /** What total_changes() does not count. */
  #touched = false

  constructor() {
    this.database.exec('BEGIN')
  }

  /** Whether there are writes that a crash would undo. */
  get dirty(): boolean {
    return this.#touched || this.#totalChanges() !== this.#flushed
  }

  /** Notes that something beside the rows waits to be durable. */
  touch(): void {
    this.#touched = true
  }

  flush(): void {
    this.database.exec('COMMIT; BEGIN')
    this.#settle()
    this.onFlush?.()
  }

  lose(): void {
    this.database.exec('ROLLBACK; BEGIN')
    this.#settle()
  }

  /** @param isLive whether the instance whose port this is may still use it. */
  storageFor(isLive: () => boolean): Storage {
    const check = () => {
      if (!isLive()) throw new ReplacedError('the instance is gone')
    }
    const noteTables = (statement: string) => {
      if (/^\s*(create|drop|alter)\b/i.test(statement)) this.touch()
    }
    const storage = this.#storage
    return {
      rows(statement, ...bindings) {
        check()
        noteTables(statement)
        return storage.rows(statement, ...bindings)
      },
      run(statement, ...bindings) {
        check()
        noteTables(statement)
        storage.run(statement, ...bindings)
      },
      atomic(section) {
        check()
        return storage.atomic(section)
      },
      bytes() {
        check()
        return storage.bytes()
      },
    }
  }

  /**
   * The port of an instance that lives on beside the one that replaced it. What it would write fails, but for a
   * write that changes nothing, which is none. It reads what is durable, and fails while there is more: the new
   * instance's latest writes are on another machine.
   *
   * @param onFailure called when the instance finds out, so that it never answers again.
   */
  staleStorage(isAlive: () => boolean, onFailure: () => void): Storage {
    const fail = () => {
      onFailure()
      throw new ReplacedError('another instance owns this storage by now')
    }
    const whole = <T>(section: () => T): T => {
      if (!isAlive() || this.dirty) fail()
      const session = this.database.createSession()
      try {
        return this.#storage.atomic(() => {
          const result = section()
          if (session.changeset().length > 0) fail()
          return result
        })
      } finally {
        session.close()
        this.#settle()
      }
    }
    const storage = this.#storage
    return {
      rows: (statement, ...bindings) => whole(() => [...storage.rows(statement, ...bindings)]),
      run: (statement, ...bindings) => whole(() => storage.run(statement, ...bindings)),
      atomic: (section) => whole(section),
      bytes: () => whole(() => storage.bytes()),
    }
  }

  close(): void {
    this.database.close()
  }

  #settle(): void {
    this.#flushed = this.#totalChanges()
    this.#touched = false
  }

  #totalChanges(): number {
    return Number((this.#changes.get() as { 'total_changes()': number })['total_changes()'])
  }
}
