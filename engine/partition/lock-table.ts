import { type FokosError, TransactionConflictError } from '../errors.js'
import { keyText } from '../keys/key-text.js'
import { mark } from '../mark.js'
import type { Age, Attempt, ItemKey, Reservation } from '../operations.js'
import type { Clock, Millis } from '../ports.js'
import { type Claim, ClaimBuilder, conflict, disturbs, type HashKeyClaim, holdsSortKey } from './claim.js'

/** What an attempt holds of one hash key. */
export interface Lock {
  readonly attempt: Attempt
  /**
   * Whether the attempt may have been committed already, elsewhere: the lock is stored, and reads wait for it.
   * What its home holds in memory goes with the instance, and is written in the moment of the commit.
   */
  readonly prepared: boolean
  /** Which part of the attempt it belongs to. */
  readonly piece: number
  readonly claim: HashKeyClaim
}

/** A request's place among those that wait. */
export interface Turn {
  /** Who came earlier has a smaller one. */
  readonly order: number
  /** When it gives up. */
  readonly until: Millis
  /** What it is refused for then. */
  readonly tooLate: () => FokosError
  readonly age: Age
  /** Whether it depends on what it has read before, so that waiting may be in vain. */
  readonly hasRead: boolean
}

/** How somebody waits. */
export type Waiting =
  /** It holds nothing and will hold nothing: it waits for what may be committed. */
  | 'read'
  /** It holds nothing: it waits for everybody, behind those that came earlier. */
  | 'write'
  /** It holds locks elsewhere: it waits for younger attempts, and gives up for older ones. */
  | 'prepare'
  /** As a read; and it waits for older ones that have reserved the same. */
  | 'reserve'

/** Thrown out of a section: it is to be run again when a lock is gone. */
export class Blocked {
  readonly claim: Claim
  readonly by: readonly Lock[]
  /** When a reservation that is in the way runs out. */
  readonly until: Millis | undefined
  /** Whether it is because of an item that has ended, which was not in its way when it came. */
  readonly ofEnded: boolean

  constructor(claim: Claim, by: readonly Lock[], until: Millis | undefined, ofEnded = false) {
    this.claim = claim
    this.by = by
    this.until = until
    this.ofEnded = ofEnded
  }
}

/** Thrown out of a section: an older transaction is in the way of one that must not wait for it. */
class Outranked {
  /** Whether trying again with the same reads would be in vain. */
  readonly inVain: boolean

  constructor(inVain: boolean) {
    this.inVain = inVain
  }
}

/** How long a reservation lasts that nobody ends. */
const RESERVED_FOR: Millis = 500

/** How long even an older one leaves a reservation alone, so that who is at it can come to its end. */
const LEFT_ALONE_FOR: Millis = 100

/** What somebody who has met conflicts wants to find unchanged: no lock, but younger ones wait a moment. */
interface Reserved {
  readonly claim: Claim
  readonly age: Age
  /** Whether it is for one that may write what it has reserved. */
  readonly writes: boolean
  readonly until: Millis
}

interface Waiter {
  readonly claim: Claim
  readonly turn: Turn
  readonly wake: () => void
}

/**
 * The locks of a partition, and who waits for them. Nobody waits in a circle: who holds locks waits for younger
 * ones only (wait-die; D. Rosenkrantz, R. Stearns and P. Lewis, "System Level Concurrency Control for Distributed
 * Database Systems", 1978), and never for somebody who waits.
 */
export class LockTable {
  readonly #clock: Clock
  readonly #locks = new Map<string, Lock[]>()
  readonly #waiters = new Set<Waiter>()
  #reserved: Reserved[] = []
  #turns = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether nobody holds or wants anything. */
  get idle(): boolean {
    return this.#locks.size === 0 && this.#waiters.size === 0 && this.#reserved.length === 0
  }

  newTurn(patience: Millis, age: Age, hasRead: boolean, tooLate: () => FokosError): Turn {
    return { order: ++this.#turns, until: this.#clock.now() + patience, age, hasRead, tooLate }
  }

  add(lock: Lock): void {
    const text = keyText(lock.claim.hashKey)
    this.#locks.set(text, [...(this.#locks.get(text) ?? []), lock])
  }

  /** What is held of one key, for whatever. */
  at({ hashKey, sortKey }: ItemKey): Lock[] {
    if (this.#locks.size === 0) return []
    const locks = this.#locks.get(keyText(hashKey)) ?? []
    return locks.filter(({ claim }) => holdsSortKey(claim, sortKey))
  }

  /**
   * Lets a section go on that has found that an item has ended. To an attempt that has read it, and may have been
   * committed, it is there until that has come to its end.
   *
   * @throws {Blocked} when it has to wait.
   */
  passOver(key: ItemKey): void {
    const by = this.at(key).filter(({ prepared }) => prepared)
    if (by.length === 0) return
    const wanted = new ClaimBuilder()
    wanted.read(key)
    throw new Blocked(wanted.claim, by, undefined, true)
  }

  /** All that stored parts hold. */
  prepared(): Lock[] {
    return [...this.#locks.values()].flat().filter(({ prepared }) => prepared)
  }

  /** What stored parts of an attempt hold of a hash key. */
  preparedBy(attempt: number, hashKey: Uint8Array): Lock[] {
    const locks = this.#locks.get(keyText(hashKey)) ?? []
    return locks.filter((lock) => lock.attempt.id === attempt && lock.prepared)
  }

  /** The hash keys that something is locked of. */
  hashKeys(): Uint8Array[] {
    return [...this.#locks.values()].flatMap(([first]) => (first === undefined ? [] : [first.claim.hashKey]))
  }

  /**
   * Keys have moved away: what stored parts hold of them is not held here any more, and who waits for them looks
   * again.
   *
   * @param left what is left of a claim; nothing, if its hash key is not here any more.
   */
  restrict(left: (claim: HashKeyClaim) => HashKeyClaim | undefined): void {
    for (const [text, locks] of this.#locks) {
      const others = locks.flatMap((lock): Lock[] => {
        if (!lock.prepared) return [lock]
        const claim = left(lock.claim)
        return claim === undefined ? [] : [{ ...lock, claim }]
      })
      if (others.length === 0) this.#locks.delete(text)
      else this.#locks.set(text, others)
    }
    this.wake()
  }

  /** The attempts of stored parts under a hash key, as the storage lists them. */
  preparedUnder(hashKey: Uint8Array): string {
    if (this.#locks.size === 0) return ''
    const locks = this.#locks.get(keyText(hashKey)) ?? []
    return locks
      .filter(({ prepared }) => prepared)
      .map(({ attempt }) => attempt.id)
      .sort((left, right) => left - right)
      .join()
  }

  release(locks: Iterable<Lock>): void {
    for (const lock of locks) {
      const text = keyText(lock.claim.hashKey)
      const others = (this.#locks.get(text) ?? []).filter((other) => other !== lock)
      if (others.length === 0) this.#locks.delete(text)
      else this.#locks.set(text, others)
    }
    this.wake()
  }

  /** Something changed for those that wait. */
  wake(): void {
    // In order of arrival: each looks for itself whether it can go on.
    for (const { wake } of [...this.#waiters].sort((left, right) => left.turn.order - right.turn.order))
      wake()
  }

  /**
   * Lets a section go on that wants a claim, or ends it. An attempt's own locks are not in its way.
   *
   * @throws {Blocked} when it has to wait.
   * @throws {Outranked} when it must not wait for what is in its way; see {@link passOrConflict}.
   */
  pass(claim: Claim, waiting: Waiting, turn: Turn, own?: number): void {
    if (this.idle) return
    const by: Lock[] = []
    for (const [hashKey, wanted] of claim) {
      for (const lock of this.#locks.get(hashKey) ?? []) {
        if (lock.attempt.id === own) continue
        const inTheWay =
          waiting === 'read' || waiting === 'reserve'
            ? lock.prepared && writesInto(lock.claim, wanted)
            : conflict(lock.claim, wanted)
        if (inTheWay) by.push(lock)
      }
    }
    const reserved = waiting === 'read' ? undefined : this.#reservedFor(claim, waiting, turn)
    // Who would overwrite what the older one has read has most likely read what that one is about to overwrite.
    if (reserved?.writes === true && turn.hasRead) throw new Outranked(true)
    if (waiting === 'prepare') {
      const outranked = reserved !== undefined || by.some(({ attempt }) => isOlder(attempt.age, turn.age))
      if (outranked || this.#isOvertaking(claim, turn)) {
        MARK: mark('a prepare gives up for an older transaction')
        throw new Outranked(false)
      }
    }
    const behind = waiting === 'write' && this.#isBehind(claim, turn)
    if (by.length === 0 && !behind && reserved === undefined) return
    MARK: mark(reserved === undefined ? WAITS[waiting] : 'a request waits for a reservation')
    throw new Blocked(claim, by, reserved && Math.min(reserved.until, this.#clock.now() + LEFT_ALONE_FOR))
  }

  /** Reserves for a moment what somebody reads. */
  reserve(claim: Claim, { age, writes }: Reservation): void {
    const now = this.#dropExpired()
    this.#reserved.push({ claim, age, writes, until: now + RESERVED_FOR })
  }

  /** Ends what a transaction has reserved. */
  unreserve({ id }: Age): void {
    if (this.#reserved.length === 0) return
    const others = this.#reserved.filter(({ age }) => age.id !== id)
    if (others.length === this.#reserved.length) return
    this.#reserved = others
    this.wake()
  }

  /** The reservation that is in the way, if there is one: of an older one, or one that was just made. */
  #reservedFor(claim: Claim, waiting: Waiting, turn: Turn): Reserved | undefined {
    if (this.#reserved.length === 0) return undefined
    const now = this.#dropExpired()
    return this.#reserved.find((reserved) => {
      if (reserved.age.id === turn.age.id) return false
      if (!isOlder(reserved.age, turn.age)) {
        const leftAlone = reserved.until - RESERVED_FOR + LEFT_ALONE_FOR > now
        if (waiting !== 'reserve' || !leftAlone) return false
      }
      for (const [hashKey, wanted] of claim) {
        const other = reserved.claim.get(hashKey)
        if (other === undefined) continue
        if (waiting === 'reserve' ? conflict(other, wanted) : writesInto(wanted, other)) return true
      }
      return false
    })
  }

  /** @returns the time. */
  #dropExpired(): Millis {
    const now = this.#clock.now()
    // A clock that is set back must not make a moment an hour.
    this.#reserved = this.#reserved.filter(({ until }) => until > now && until <= now + RESERVED_FOR)
    return now
  }

  /** Waits until some lock is released, no longer than `most`. Keeps its place among those that wait. */
  async changed(claim: Claim, turn: Turn, most: Millis): Promise<void> {
    let wake = () => {}
    const released = new Promise<void>((resolve) => {
      wake = resolve
    })
    const waiter = { claim, turn, wake }
    this.#waiters.add(waiter)
    await Promise.race([released, this.#clock.sleep(most)])
    // Its next section begins in this very turn: whoever comes later finds it gone or waiting again.
    this.#waiters.delete(waiter)
  }

  /**
   * Whether somebody older waits for the same: who came earlier, but for transactions that are tried again. Those
   * may be what the others wait for.
   */
  #isBehind(claim: Claim, turn: Turn): boolean {
    for (const waiter of this.#waiters) {
      const { age, order } = waiter.turn
      const first = isOlder(age, turn.age) || (!isOlder(turn.age, age) && order < turn.order)
      if (first && conflicts(waiter.claim, claim)) return true
    }
    return false
  }

  /** Whether an older one waits to write what this one would lock. */
  #isOvertaking(claim: Claim, turn: Turn): boolean {
    for (const waiter of this.#waiters) {
      if (isOlder(waiter.turn.age, turn.age) && conflicts(waiter.claim, claim)) {
        const writes = [...waiter.claim.values()].some(({ exclusive }) => exclusive.size > 0)
        if (writes) return true
      }
    }
    return false
  }
}

/**
 * Lets a section of a transaction go on, or ends it.
 *
 * @throws {TransactionConflictError} when an older one is in the way of one that must not wait for it.
 */
export function passOrConflict(
  locks: LockTable,
  claim: Claim,
  waiting: 'write' | 'prepare',
  turn: Turn,
  own?: number,
): void {
  try {
    locks.pass(claim, waiting, turn, own)
  } catch (blocked) {
    if (!(blocked instanceof Outranked)) throw blocked
    throw new TransactionConflictError('an older transaction is at the same rows', { busy: !blocked.inVain })
  }
}

const WAITS = {
  read: 'a request waits at a lock',
  reserve: 'a request waits at a lock',
  write: 'a request waits at a lock',
  prepare: 'a prepare waits for a younger transaction',
} as const

/** Whether one writes what the other looks at, be it to write it too. */
function writesInto(writer: HashKeyClaim, { exclusive, shared, intervals }: HashKeyClaim): boolean {
  return disturbs(writer, { shared, intervals }) || disturbs(writer, { shared: exclusive, intervals: [] })
}

function conflicts(left: Claim, right: Claim): boolean {
  for (const [hashKey, wanted] of left) {
    const other = right.get(hashKey)
    if (other !== undefined && conflict(wanted, other)) return true
  }
  return false
}

/** Of two ages, the older one wins; ties break by identity. */
export function isOlder(left: Age, right: Age): boolean {
  return left.at < right.at || (left.at === right.at && left.id < right.id)
}
