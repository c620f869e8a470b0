import { beforeEach, describe, expect, it } from 'vitest'
import { TransactionConflictError, UnavailableError } from '../errors.js'
import { encodeKey } from '../keys/key-codec.js'
import type { Attempt, ItemKey } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { type Claim, ClaimBuilder } from './claim.js'
import { Blocked, type Lock, LockTable, passOrConflict } from './lock-table.js'

let now = 0
let locks: LockTable
beforeEach(() => {
  now = 1_000_000
  locks = new LockTable({ now: () => now, sleep: () => new Promise(() => {}) })
})

const row = (sort: number): ItemKey => ({ hashKey: encodeKey(['h']), sortKey: encodeKey([sort]) })
const claim = (want: (claim: ClaimBuilder) => void): Claim => {
  const builder = new ClaimBuilder()
  want(builder)
  return builder.claim
}
const writing = (...sorts: number[]) =>
  claim((all) => {
    for (const sort of sorts) all.write(row(sort))
  })
const reading = (...sorts: number[]) =>
  claim((all) => {
    for (const sort of sorts) all.read(row(sort))
  })
const examining = (from: number, to: number) =>
  claim((all) => all.examine(encodeKey(['h']), { from: encodeKey([from]), to: encodeKey([to]) }))

const age = (at: number) => ({ at, id: at })
const turn = (at: number, hasRead = false) =>
  locks.newTurn(1_000, age(at), hasRead, () => new UnavailableError('too long'))
const attempt = (at: number): Attempt => ({
  id: at,
  token: at,
  home: 'main/h/0' as PartitionName,
  hashKey: encodeKey(['h']),
  sortKey: encodeKey([]),
  age: age(at),
  settings: { roots: 1, fanout: 2 },
})
/** Has an attempt of some age hold a claim. */
function hold(at: number, held: Claim, prepared = true): Lock[] {
  const made = [...held.values()].map((claim): Lock => ({ attempt: attempt(at), claim, prepared, piece: 0 }))
  for (const lock of made) locks.add(lock)
  return made
}
const isBlocked = (pass: () => void) => {
  try {
    pass()
    return false
  } catch (thrown) {
    if (thrown instanceof Blocked) return true
    throw thrown
  }
}

describe('a read', () => {
  it('waits at a row that a prepared attempt may have written, and at an interval around it', () => {
    hold(5, writing(3))
    expect(isBlocked(() => locks.pass(reading(3), 'read', turn(1)))).toBe(true)
    expect(isBlocked(() => locks.pass(examining(0, 9), 'read', turn(1)))).toBe(true)
    expect(isBlocked(() => locks.pass(reading(4), 'read', turn(1)))).toBe(false)
    expect(isBlocked(() => locks.pass(examining(4, 9), 'read', turn(1)))).toBe(false)
  })

  it('waits so too when it reserves the row in order to write it', () => {
    hold(5, writing(3))
    expect(isBlocked(() => locks.pass(writing(3), 'reserve', turn(1)))).toBe(true)
  })

  it('does not wait at what an attempt has only read, or holds at its home', () => {
    hold(5, reading(3))
    hold(6, writing(4), false)
    expect(isBlocked(() => locks.pass(reading(3, 4), 'read', turn(1)))).toBe(false)
  })
})

describe('a write', () => {
  it('waits at what an attempt has read, a row or an interval, until it is released', () => {
    const held = [...hold(5, reading(3)), ...hold(6, examining(7, 9))]
    expect(isBlocked(() => locks.pass(writing(3), 'write', turn(1)))).toBe(true)
    expect(isBlocked(() => locks.pass(writing(8), 'write', turn(1)))).toBe(true)
    expect(isBlocked(() => locks.pass(writing(9), 'write', turn(1)))).toBe(false)
    locks.release(held)
    expect(isBlocked(() => locks.pass(writing(3, 8), 'write', turn(1)))).toBe(false)
    expect(locks.idle).toBe(true)
  })

  it('waits behind older ones that wait for the same, and not behind younger ones', () => {
    const waiting = turn(5)
    void locks.changed(writing(3, 4), waiting, 100)
    expect(isBlocked(() => locks.pass(writing(4), 'write', turn(6)))).toBe(true)
    expect(isBlocked(() => locks.pass(writing(4), 'write', turn(4)))).toBe(false)
    expect(isBlocked(() => locks.pass(writing(5), 'write', turn(6)))).toBe(false)
  })
})

describe('a prepare', () => {
  const prepare = (sort: number, at: number) => () =>
    passOrConflict(locks, writing(sort), 'prepare', turn(at))

  it('waits for younger attempts, and gives up for older ones', () => {
    hold(5, writing(3))
    expect(isBlocked(prepare(3, 4))).toBe(true)
    expect(prepare(3, 6)).toThrow(TransactionConflictError)
    expect(prepare(3, 6)).toThrow(expect.objectContaining({ details: { busy: true } }))
  })

  it('gives up for an older one that waits to write the same', () => {
    void locks.changed(writing(3), turn(5), 100)
    expect(prepare(3, 6)).toThrow(TransactionConflictError)
    expect(isBlocked(prepare(3, 4))).toBe(false)
  })

  it('has no other sending of its own attempt in its way', () => {
    hold(5, writing(3))
    locks.pass(writing(3), 'prepare', turn(9), 5)
  })
})

describe('a reservation', () => {
  it('keeps younger writes waiting, and lets older ones pass', () => {
    locks.reserve(reading(3), { age: age(5), writes: false })
    expect(isBlocked(() => locks.pass(writing(3), 'write', turn(6)))).toBe(true)
    expect(isBlocked(() => locks.pass(writing(3), 'write', turn(4)))).toBe(false)
    expect(isBlocked(() => locks.pass(reading(3), 'read', turn(6)))).toBe(false)
    expect(isBlocked(() => locks.pass(writing(4), 'write', turn(6)))).toBe(false)
  })

  it('ends with its transaction, or after half a second, also when the clock is set back', () => {
    const younger = () => locks.pass(writing(3), 'write', turn(6))
    locks.reserve(reading(3), { age: age(5), writes: false })
    locks.unreserve(age(5))
    expect(isBlocked(younger)).toBe(false)
    locks.reserve(reading(3), { age: age(5), writes: false })
    now += 499
    expect(isBlocked(younger)).toBe(true)
    now += 1
    expect(isBlocked(younger)).toBe(false)
    locks.reserve(reading(3), { age: age(5), writes: false })
    now -= 60_000
    expect(isBlocked(younger)).toBe(false)
  })

  it('of one that may write makes other reserving reads wait, older ones for a tenth of a second', () => {
    locks.reserve(writing(3), { age: age(5), writes: true })
    const reserve = (at: number) => () => locks.pass(writing(3), 'reserve', turn(at))
    expect(isBlocked(reserve(6))).toBe(true)
    expect(isBlocked(reserve(4))).toBe(true)
    expect(isBlocked(reserve(5))).toBe(false)
    now += 100
    expect(isBlocked(reserve(6))).toBe(true)
    expect(isBlocked(reserve(4))).toBe(false)
  })

  it('of one that may write ends a younger transaction that has read before: it would wait in vain', () => {
    locks.reserve(writing(3), { age: age(5), writes: true })
    const commit = () => passOrConflict(locks, writing(3), 'write', turn(6, true))
    expect(commit).toThrow(expect.objectContaining({ details: { busy: false } }))
    expect(isBlocked(() => passOrConflict(locks, writing(3), 'write', turn(6)))).toBe(true)
  })
})
