import { beforeEach, describe, expect, it } from 'vitest'
import { column, value } from '../../expressions/build.js'
import { encodeKey } from '../../keys/key-codec.js'
import type {
  Attempt,
  Change,
  ItemKey,
  PartitionTransact,
  PartitionWrite,
  TransactionPart,
} from '../../operations.js'
import { type PartitionName, PeerCallError } from '../../ports.js'
import { DEFAULT_SETTINGS } from '../../settings.js'
import { EVERYTHING } from '../../topology/key-set.js'
import { childOf, rangeRootOf } from '../../topology/partition-name.js'
import { decodeItem, encodeItem } from '../../values/item-text.js'
import type { Item } from '../../values/value.js'
import { DEFAULT_PACE } from './pace.js'
import { type Fate, SETTINGS, TestWorld } from './test-world.js'

const key = (sort: number, hash = 'large'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
/** In the root, whatever moves. */
const HOME = key(1, 'home')
const LARGE = key(1).hashKey

const ROOT = 'main/h/0' as PartitionName
/** The range partition that the large hash key gets, and its halves. */
const RANGE = rangeRootOf(ROOT, LARGE)
const LEFT = childOf(RANGE, 0)
const RIGHT = childOf(RANGE, 1)

let world: TestWorld
beforeEach(() => {
  world = new TestWorld()
})

const put = (at: ItemKey, item: Item): Change => ({ kind: 'put', key: at, item: encodeItem(item) })
const insert = (at: ItemKey, item: Item): Change => ({
  kind: 'insert',
  key: at,
  item: encodeItem(item),
  onExisting: 'error',
})
const increment = (at: ItemKey): Change => ({
  kind: 'update',
  key: at,
  assignments: [
    { column: 'n', value: { kind: 'arithmetic', operator: '+', left: column('n'), right: value(1) } },
  ],
})

const write = (...changes: Change[]): PartitionWrite => ({
  kind: 'write',
  changes,
  token: world.token(),
  born: world.now,
  resent: false,
})
const partOf = (changes: readonly Change[], first = 0): TransactionPart => ({
  seen: { items: [], intervals: [] },
  changes: changes.map((change, i) => ({ index: first + i, change })),
})
const transact = (...changes: Change[]): PartitionTransact => ({
  kind: 'transact',
  token: world.token(),
  born: world.now,
  resent: false,
  refusals: 'items',
  others: [],
  part: partOf(changes),
})

const read = async (from: PartitionName, at: ItemKey) => {
  const { result } = await world.ask(from, { kind: 'get', key: at })
  return result?.found ? decodeItem(result.found.item).n : undefined
}
const states = (source: PartitionName) =>
  world
    .rows(source, 'SELECT state FROM transfers ORDER BY place')
    .map((row) => (row as { state: string }).state)
const parts = (of: PartitionName) => world.rows(of, 'SELECT attempt FROM parts')
const answerBy = async <T>(answer: Promise<T>, time: number): Promise<T | 'none yet'> => {
  await world.pass(time)
  return Promise.race([answer, Promise.resolve('none yet' as const)])
}

const promote = () => world.divide(ROOT, [{ target: RANGE, set: { kind: 'hashKey', hashKey: LARGE } }])
const divide = () => {
  const middle = key(5).sortKey
  const of = (from: Uint8Array, to: Uint8Array) =>
    ({ kind: 'interval', hashKey: LARGE, interval: { from, to } }) as const
  world.divide(RANGE, [
    { target: LEFT, set: of(EVERYTHING.from, middle) },
    { target: RIGHT, set: of(middle, EVERYTHING.to) },
  ])
}
/** Three rows under the large hash key, in a range partition of its own, and one in the root. */
const begin = async () => {
  await world.ask(ROOT, write(...[1, 5, 9].map((sort) => put(key(sort), { n: 1 })), put(HOME, { n: 0 })))
  promote()
  await world.pass(10_000)
  expect(states(ROOT)).toEqual([])
  // So that the root knows where they are.
  expect(await read(ROOT, key(1))).toBe(1)
}

describe('the record of a transaction', () => {
  it('goes with its key, also when the other half of the range has moved before', async () => {
    await begin()
    const increments = transact(increment(key(1)))
    expect(await world.ask(RANGE, increments)).toMatchObject({ ok: true })
    let release = () => {}
    const right = new Promise<void>((resolve) => {
      release = resolve
    })
    world.requests = async ({ from, kind }): Promise<Fate> => {
      if (from === LEFT && kind === 'copy') await right
      return 'arrives'
    }
    divide()
    await world.pass(6_000)
    expect(states(RANGE)[1]).not.toBe('copying')
    release()
    await world.pass(20_000)
    expect(states(RANGE)).toEqual(['ended', 'ended'])
    expect(await world.ask(LEFT, { ...increments, resent: true })).toMatchObject({ ok: true })
    expect(await read(LEFT, key(1))).toBe(2)
  })
})

describe('a part of a transaction that has not ended', () => {
  it('is handed over again, though its source has ended what it still had of it', async () => {
    await begin()
    let prepared = false
    let handOver: 'lost' | 'answer lost' | 'arrives' = 'lost'
    let endings = false
    world.requests = ({ from, kind }) => {
      if (kind === 'prepare') prepared = true
      if (kind === 'finish' || kind === 'inquire') return endings ? 'arrives' : 'lost'
      // What is locked reaches the left half with the keys alone.
      if (from === LEFT && kind === 'catchUp' && prepared) return 'lost'
      if (from === LEFT && kind === 'handOver') return handOver === 'lost' ? 'lost' : 'arrives'
      return from === RIGHT && handOver !== 'arrives' ? 'lost' : 'arrives'
    }
    world.answers = ({ from, kind }) =>
      from === LEFT && kind === 'handOver' && handOver === 'answer lost' ? 'lost' : 'arrives'
    divide()
    await world.pass(3_000)
    const transfer = world.ask(ROOT, transact(increment(HOME), increment(key(1)), increment(key(9))))
    expect(await answerBy(transfer, 500)).toMatchObject({ ok: true })

    handOver = 'answer lost'
    for (let i = 0; i < 50 && states(RANGE)[0] !== 'moved'; i++) await world.pass(100)
    expect([parts(RANGE).length, parts(LEFT).length]).toEqual([1, 0])
    handOver = 'lost'
    endings = true
    await world.pass(20_000)
    handOver = 'arrives'
    world.requests = () => 'arrives'
    await world.pass(60_000)
    expect(states(RANGE)).toEqual(['ended', 'ended'])
    expect([await read(ROOT, HOME), await read(RANGE, key(1)), await read(RANGE, key(9))]).toEqual([1, 2, 2])
  })

  it('locks nothing at a target that has copied it before it ended at the source', async () => {
    await begin()
    let caughtUp = false
    let endings = false
    let inquiries = false
    world.requests = ({ from, kind }) => {
      const isHalf = from === LEFT || from === RIGHT
      if (isHalf && (kind === 'catchUp' || kind === 'handOver')) return caughtUp ? 'arrives' : 'lost'
      if (from === LEFT && kind === 'inquire') return inquiries ? 'arrives' : 'lost'
      return (kind === 'finish' || kind === 'inquire') && !endings ? 'lost' : 'arrives'
    }
    const both = world.ask(ROOT, transact(increment(HOME), increment(key(1))))
    expect(await answerBy(both, 300)).toMatchObject({ ok: true })
    divide()
    await world.pass(2_500)
    expect(parts(LEFT)).toHaveLength(1)
    // It crashes before its keys have come: the part that it finds is not its own yet.
    world.restart(LEFT)
    await world.ask(LEFT, { kind: 'describe' })
    endings = true
    for (let i = 0; i < 100 && parts(RANGE).length > 0; i++) await world.pass(100)
    expect(parts(RANGE)).toEqual([])
    caughtUp = true
    await world.pass(20_000)
    inquiries = true
    await world.pass(20_000)
    expect(parts(LEFT)).toEqual([])
    expect(await answerBy(world.ask(LEFT, write(increment(key(1)))), 11_000)).toMatchObject({ ok: true })
    expect(await read(LEFT, key(1))).toBe(3)
  })

  it('is ended by who has it, not by an instance of the source that does not know that it has moved', async () => {
    await begin()
    let release = () => {}
    const late = new Promise<void>((resolve) => {
      release = resolve
    })
    let inquiries = false
    world.answers = async ({ kind }): Promise<Fate> => {
      if (kind === 'prepare') await late
      return 'arrives'
    }
    world.requests = ({ kind }) => (kind === 'inquire' && !inquiries ? 'lost' : 'arrives')
    const both = world.ask(ROOT, transact(increment(HOME), increment(key(1))))
    await world.pass(10)
    const replaced = world.host(RANGE).partition
    divide()
    for (let i = 0; i < 70 && states(RANGE).join() !== 'ended,ended'; i++) await world.pass(100)
    expect([parts(RANGE).length, parts(LEFT).length]).toEqual([0, 1])

    world.taker = ({ to, kind }) => (to === RANGE && kind === 'finish' ? replaced : world.host(to).partition)
    release()
    expect(await answerBy(both, 1_000)).toMatchObject({ ok: true })
    world.taker = ({ to }) => world.host(to).partition
    // Long enough for a record that nobody needs any more to be forgotten.
    await world.pass(1_400_000)
    inquiries = true
    await world.pass(30_000)
    expect([await read(ROOT, HOME), await read(LEFT, key(1))]).toEqual([1, 2])
  })
})

describe('a home', () => {
  /** What lies elsewhere comes as a part of its own, as a client sends it that knows where. */
  const elsewhere = (change: Change): PartitionTransact => ({
    ...transact(increment(HOME)),
    others: [{ partition: RANGE, part: partOf([change], 1) }],
  })

  it('that was restarted asks the one that its keys have moved to', async () => {
    await begin()
    // It knows by its tables that they have moved, and by nothing else.
    world.restart(ROOT)
    expect(await answerBy(world.ask(ROOT, elsewhere(increment(key(1)))), 15_000)).toMatchObject({ ok: true })
    expect(await read(RANGE, key(1))).toBe(2)
  })

  it('does not decide by what it has not deleted yet of keys that have moved', async () => {
    world.requests = ({ kind }) => (kind === 'settle' ? 'lost' : 'arrives')
    await world.ask(ROOT, write(put(HOME, { n: 0 }), put(key(1), { n: 1 }), put(key(9), { n: 1 })))
    promote()
    await world.pass(3_000)
    await world.ask(RANGE, write({ kind: 'delete', key: key(9) }))
    const inserts = world.ask(ROOT, elsewhere(insert(key(9), { n: 5 })))
    expect(await answerBy(inserts, 15_000)).toMatchObject({ ok: true })
    expect(await read(RANGE, key(9))).toBe(5)
  })

  it('that does not know ranges yet is answered', async () => {
    await world.ask(ROOT, write(put(key(1), { n: 1 })))
    const attempt = {
      id: 5,
      token: 6,
      home: ROOT,
      hashKey: HOME.hashKey,
      age: { at: world.now * 1_024, id: 6 },
      settings: SETTINGS,
    } as Attempt
    const part = partOf([increment(key(1))])
    expect(await world.ask(ROOT, { kind: 'prepare', attempt, refusals: 'items', part })).toMatchObject({
      ok: true,
    })
    expect(await world.ask(ROOT, { kind: 'inquire', attempt })).toMatchObject({ ok: true })
  })
})

describe('a write that arrives twice', () => {
  it('ends without an answer when its keys do not arrive, because the second one may still happen', async () => {
    await world.ask(ROOT, write(put(key(1), { n: 1 }), put(key(9), { n: 1 })))
    let handOver: 'answer lost' | 'lost' | 'arrives' = 'answer lost'
    world.requests = ({ kind }) => (kind === 'handOver' && handOver === 'lost' ? 'lost' : 'arrives')
    world.answers = ({ kind }) => (kind === 'handOver' && handOver === 'answer lost' ? 'lost' : 'arrives')
    promote()
    await world.pass(1_000)
    expect(states(ROOT)).toEqual(['moved'])
    handOver = 'lost'
    const increments = write(increment(key(1)))
    const passed = { by: ROOT, hops: 1 }
    const first = world.ask(RANGE, increments, { passed }).catch((error: unknown) => error)
    await world.pass(5_000)
    const second = world.ask(RANGE, increments, { passed })
    expect(await answerBy(first, 5_200)).toBeInstanceOf(PeerCallError)
    handOver = 'arrives'
    expect(await answerBy(second, 4_500)).toMatchObject({ ok: true })
    expect(await read(RANGE, key(1))).toBe(2)
  })

  it('is refused twice when the partition was full the first time', async () => {
    limit(500)
    await world.ask(ROOT, write(put(key(1), { n: 1, pad: 'x'.repeat(600) }), put(key(2), { n: 1 })))
    const increments = write(increment(key(2)))
    const full = { ok: false, error: { code: 'partition_full' } }
    expect(await world.ask(ROOT, increments)).toMatchObject(full)
    await world.ask(ROOT, write({ kind: 'delete', key: key(1) }))
    expect(await world.ask(ROOT, increments)).toMatchObject(full)
    expect(await world.ask(ROOT, write(increment(key(2))))).toMatchObject({ ok: true })
  })

  it('is not done again at a target whose clock is ahead of the source’s', async () => {
    world.ahead.set(ROOT, -60_000)
    await world.ask(ROOT, write(put(key(1), { n: 1 })))
    await world.pass(100_000)
    const increments = write(increment(key(1)))
    expect(await world.ask(ROOT, increments)).toMatchObject({ ok: true })
    // The row does not show the first one any more, and the instance that remembered it is gone.
    await world.ask(ROOT, write(increment(key(1))))
    promote()
    await world.pass(3_000)
    expect(await world.ask(RANGE, { ...increments, resent: true })).toMatchObject({
      error: { code: 'outcome_unknown' },
    })
    expect(await read(RANGE, key(1))).toBe(3)
  })
})

describe('a transaction that arrives twice', () => {
  it('is refused twice, though its keys have moved in between and it could be done there', async () => {
    await world.ask(ROOT, write(put(key(1), { n: 1 })))
    promote()
    const inserts = transact(insert(key(1), { n: 5 }))
    const refused = { ok: false, error: { code: 'constraint' } }
    expect(await world.ask(ROOT, inserts)).toMatchObject(refused)
    await world.pass(10_000)
    await world.ask(RANGE, write({ kind: 'delete', key: key(1) }))
    // Now only the root knows.
    world.restart(RANGE)
    expect(await world.ask(ROOT, inserts)).toMatchObject(refused)
    expect(await read(RANGE, key(1))).toBeUndefined()
  })

  it('is told that it was committed, though the partition is full by then', async () => {
    limit(500)
    await world.ask(ROOT, write(put(key(1), { n: 1 })))
    const grows = transact(put(key(1), { n: 5, pad: 'x'.repeat(600) }))
    expect(await world.ask(ROOT, grows)).toMatchObject({ ok: true })
    expect(await world.ask(ROOT, write(increment(key(1))))).toMatchObject({
      error: { code: 'partition_full' },
    })
    expect(await world.ask(ROOT, grows)).toMatchObject({ ok: true })
  })
})

describe('a transfer', () => {
  it('ends while 3,500 rows a second are written to what it moves', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => put(key(i), { n: 1 }))
    await world.ask(ROOT, write(...rows(100)))
    world.requests = async ({ from, kind }): Promise<Fate> => {
      if (from !== RANGE || (kind !== 'catchUp' && kind !== 'handOver')) return 'arrives'
      await world.sleep(20)
      await world.ask(ROOT, write(...rows(70)))
      return 'arrives'
    }
    promote()
    await world.pass(60_000)
    expect(states(ROOT)).toEqual([])
    expect(world.rows(RANGE, 'SELECT count(*) AS n FROM items')).toEqual([{ n: 100 }])
  })
})

/** A size that a few rows come to, looked at with every write. */
function limit(partitionBytes: number): void {
  world.settings = {
    ...DEFAULT_SETTINGS,
    limits: { ...DEFAULT_SETTINGS.limits, partitionBytes },
    pace: { ...DEFAULT_PACE, writes: 1 },
  }
}
