import { TransactionConflictError, UnavailableError } from '../errors.js'
import {
  type Attempt,
  type PartitionOperation,
  type TransactionPart,
  VERSIONS_PER_MILLI,
} from '../operations.js'
import type { Clock, Millis } from '../ports.js'
import { Blocked, type LockTable, type Turn } from './lock-table.js'

/** Who is blocked for longer than this asks the home of the one that is in the way. */
const ASK_WHEN_BLOCKED_FOR: Millis = 250
/** How long a request waits for locks before it is refused. */
export const PATIENCE: Millis = 10_000
/** How long an attempt, which holds locks elsewhere, waits for more. */
const PREPARE_PATIENCE: Millis = 3_000

/** Requests that wait until nothing is in their way. */
export class Turns {
  readonly #clock: Clock
  readonly #locks: LockTable
  readonly #ask: (attempt: Attempt) => void

  /** @param ask asks the home of an attempt that is in the way what became of it. */
  constructor(clock: Clock, locks: LockTable, ask: (attempt: Attempt) => void) {
    this.#clock = clock
    this.#locks = locks
    this.#ask = ask
  }

  /** The turn of an operation that comes now. */
  newTurn(operation: PartitionOperation): Turn {
    // The machine's own clock: a hybrid one keeps a leap long after it was set right, and makes all here the youngest.
    const at = this.#clock.now() * VERSIONS_PER_MILLI
    const why = 'a transaction that has not ended yet has locked what is asked for'
    const conflict = () => new TransactionConflictError(why, { busy: true })
    switch (operation.kind) {
      case 'prepare':
        return this.#locks.newTurn(PREPARE_PATIENCE, operation.attempt.age, hasRead(operation.part), conflict)
      case 'transact':
        return this.#locks.newTurn(
          PATIENCE,
          operation.age ?? { at, id: operation.token },
          hasRead(operation.part),
          conflict,
        )
      case 'validate':
        return this.#locks.newTurn(PATIENCE, { at, id: 0 }, true, conflict)
      default: {
        const age = 'reserve' in operation ? operation.reserve?.age : undefined
        return this.#locks.newTurn(PATIENCE, age ?? { at, id: 0 }, false, () => new UnavailableError(why))
      }
    }
  }

  /** Runs a section until it is not blocked, each time from its beginning; at once, if it is not. */
  whenFree<T>(turn: Turn, section: () => T | Promise<T>): T | Promise<T> {
    try {
      return section()
    } catch (blocked) {
      if (!(blocked instanceof Blocked)) throw blocked
      return this.#wait(blocked, turn, section)
    }
  }

  async #wait<T>(first: Blocked, turn: Turn, section: () => T | Promise<T>): Promise<T> {
    for (let blocked = first; ; ) {
      const left = turn.until - this.#clock.now()
      if (left <= 0) throw turn.tooLate()
      await this.#locks.changed(blocked.claim, turn, Math.min(left, this.#patience(blocked)))
      try {
        const result = section()
        // Whoever waited behind this one alone can go on.
        this.#locks.wake()
        return await result
      } catch (again) {
        if (!(again instanceof Blocked)) {
          this.#locks.wake()
          throw again
        }
        for (const lock of again.by) {
          if (lock.prepared && blocked.by.includes(lock)) this.#ask(lock.attempt)
        }
        blocked = again
      }
    }
  }

  /** How long to wait before looking again, if nothing happens. */
  #patience({ until }: Blocked): Millis {
    if (until === undefined) return ASK_WHEN_BLOCKED_FOR
    return Math.min(ASK_WHEN_BLOCKED_FOR, Math.max(1, until - this.#clock.now()))
  }
}

function hasRead({ seen }: TransactionPart): boolean {
  return seen.items.length > 0 || seen.intervals.length > 0
}
