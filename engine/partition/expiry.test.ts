import { beforeEach, describe, expect, it } from 'vitest'
import { EMPTY_FINGERPRINT } from '../changes/fingerprint.js'
import { column, compare, exists, not, value } from '../expressions/build.js'
import { encodeKey } from '../keys/key-codec.js'
import type {
  Attempt,
  Change,
  ItemKey,
  PartitionOperation,
  PartitionPrepare,
  PartitionWrite,
  TransactionPart,
} from '../operations.js'
import { REQUEST_VERSION, requestVersion } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import { rangeRootOf } from '../topology/partition-name.js'
import { decodeItem, encodeItem } from '../values/item-text.js'
import type { Item } from '../values/value.js'
import { DEFAULT_PACE } from './transfer/pace.js'
import { SETTINGS, TestWorld } from './transfer/test-world.js'

const ROOT = 'main/h/0' as PartitionName
const key = (sort: number, hash = 'h'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
const HASH = key(1).hashKey
const RANGE = rangeRootOf(ROOT, HASH)

let world: TestWorld
beforeEach(() => {
  world = new TestWorld()
})

/** A moment, from now on. */
const inMillis = (time: number) => new Date(world.now + time)
const put = (sort: number, item: Item): Change => ({
  kind: 'put',
  key: key(sort),
  item: encodeItem(item),
  expiresAt: 'ends',
})
const insert = (sort: number, item: Item, onExisting: 'error' | 'ignore' = 'error'): Change => ({
  kind: 'insert',
  key: key(sort),
  item: encodeItem(item),
  onExisting,
  expiresAt: 'ends',
})
const set = (sort: number, columns: Item, expiresAt?: string): Change => ({
  kind: 'update',
  key: key(sort),
  assignments: Object.entries(columns).map(([name, held]) => ({ column: name, value: value(held) })),
  ...(expiresAt === undefined ? undefined : { expiresAt }),
})
const remove = (sort: number): Change => ({ kind: 'delete', key: key(sort) })

const writing = (changes: readonly Change[], more: Partial<PartitionWrite> = {}): PartitionWrite => ({
  kind: 'write',
  changes,
  token: world.token(),
  born: world.now,
  resent: false,
  ...more,
})
const write = async (...changes: Change[]) => {
  const answer = await world.ask(ROOT, writing(changes))
  if (!answer.ok) throw answer.error
  return answer.result?.changes
}
const result = async <O extends PartitionOperation>(operation: O, at = ROOT) => {
  const answer = await world.ask(at, operation)
  if (!answer.ok) throw answer.error
  return answer.result as NonNullable<typeof answer.result>
}
const read = async (sort: number, at = ROOT): Promise<unknown> => {
  const { found } = await result({ kind: 'get', key: key(sort) }, at)
  return found === null ? null : decodeItem(found.item).n
}
const stored = (at = ROOT) => world.rows(at, 'SELECT count(*) AS n FROM items')[0]
const nothing = { items: [], intervals: [] }
const partOf = (changes: readonly Change[], seen: TransactionPart['seen'] = nothing): TransactionPart => ({
  seen,
  changes: changes.map((change, index) => ({ index, change })),
})

/** Three rows, of which the middle one has ended. */
const begin = async () => {
  await write(
    put(1, { n: 1 }),
    put(2, { n: 2, ends: inMillis(1_000) }),
    put(3, { n: 3, ends: inMillis(60_000) }),
  )
  expect(await read(2)).toBe(2)
  world.now += 1_000
}

describe('an item that has ended is not there', () => {
  beforeEach(begin)

  it('for who gets it', async () => {
    expect(await read(2)).toBeNull()
    expect(await read(3)).toBe(3)
  })

  it('for who gets several', async () => {
    const { found, versions } = await result({
      kind: 'batchGet',
      keys: [key(1), key(2), key(3)],
      observe: 'versions',
    })
    expect(found.map((item) => item && decodeItem(item.item).n)).toEqual([1, null, 3])
    expect(versions?.[1]).toBeNull()
  })

  it.each([
    ['ascending', undefined, [1, 3], false],
    ['descending', undefined, [3, 1], false],
    // The limit counts what is there.
    ['ascending', 2, [1, 3], true],
    ['descending', 2, [3, 1], true],
    ['ascending', 1, [1], true],
  ] as const)('for who queries, %s with a limit of %s', async (direction, limit, expected, more) => {
    const { items, versions, rest } = await result({
      kind: 'query',
      hashKey: HASH,
      interval: EVERYTHING,
      direction,
      withKeys: false,
      observe: 'versions',
      ...(limit === undefined ? undefined : { limit }),
    })
    expect(items.map((item) => decodeItem(item).n)).toEqual(expected)
    expect(versions).toHaveLength(expected.length)
    expect(rest !== undefined).toBe(more)
  })

  it('for who scans', async () => {
    const { items } = await result({ kind: 'scan', limit: 100 })
    expect(items.map((item) => decodeItem(item).n)).toEqual([1, 3])
    expect(stored()).toEqual({ n: 2 })
  })

  it('for who counts', async () => {
    const description = result({ kind: 'describe' })
    await world.pass(10)
    expect(await description).toMatchObject({ items: 2 })
  })

  it('for conditions', async () => {
    expect(await write({ kind: 'check', key: key(2), condition: compare(column('n'), '=', 2) })).toEqual([
      { made: false, because: 'condition' },
    ])
    const absent = { kind: 'put', key: key(2), item: encodeItem({ n: 9 }), condition: not(exists()) } as const
    expect(await write(absent)).toMatchObject([{ made: true }])
    expect(await read(2)).toBe(9)
  })

  it('for who inserts, who makes a new one', async () => {
    const before = (await result({ kind: 'get', key: key(3) })).found?.version
    const [made] = (await write(insert(2, { n: 7, ends: null }))) ?? []
    expect(made).toMatchObject({
      made: true,
      version: expect.toSatisfy((version) => version > (before ?? 0)),
    })
    expect(await read(2)).toBe(7)
    world.now += 1_000_000
    expect(await read(2)).toBe(7)
  })

  it('for an insert that would update', async () => {
    const change = {
      ...insert(2, { n: 7 }),
      onExisting: { assignments: [{ column: 'n', value: value(8) }] },
    } as Change
    expect(await write(change)).toMatchObject([{ made: true }])
    expect(await read(2)).toBe(7)
    expect(await write(change)).toMatchObject([{ made: true }])
    expect(await read(2)).toBe(8)
  })

  it('for who updates or deletes', async () => {
    const absent = [{ made: false, because: 'absent' }]
    expect(await write(set(2, { n: 9 }))).toEqual(absent)
    expect(await write(remove(2))).toEqual(absent)
    expect(stored()).toEqual({ n: 2 })
  })

  it('for who deletes unconditionally, with nobody having looked', async () => {
    expect(await write(remove(2))).toEqual([{ made: false, because: 'absent' }])
    expect(stored()).toEqual({ n: 2 })
  })

  it('for who must be alone', async () => {
    await write(remove(1))
    world.now += 60_000
    await write(put(5, { n: 5 }))
    expect(await write({ ...set(5, { n: 6 }), aloneIn: EVERYTHING } as Change)).toMatchObject([
      { made: true },
    ])
  })

  it('for transactions', async () => {
    const version = (await result({ kind: 'get', key: key(3) })).found?.version as number
    world.now += 60_000
    const seen = { items: [{ key: key(3), version, asOf: version }], intervals: [] }
    const transact = {
      kind: 'transact',
      token: world.token(),
      born: world.now,
      resent: false,
      part: partOf([insert(2, { n: 5 })], seen),
      others: [],
      refusals: 'items',
    } as const
    expect(await world.ask(ROOT, transact)).toMatchObject({
      ok: false,
      error: { code: 'transaction_conflict' },
    })
    const blind = { ...transact, token: world.token(), part: partOf([insert(2, { n: 5 }), set(3, { n: 1 })]) }
    expect(await result(blind)).toMatchObject({
      changes: [{ made: true }, { made: false, because: 'absent' }],
    })
    const over = partOf([put(9, { n: 1, ends: inMillis(0) }), set(9, { n: 2 }), insert(9, { n: 3 })])
    expect(await result({ ...transact, token: world.token(), part: over })).toMatchObject({
      changes: [{ made: true }, { made: false, because: 'absent' }, { made: true }],
    })
    expect(await read(9)).toBe(3)
  })

  it('for who has seen the interval', async () => {
    const query = {
      kind: 'query',
      hashKey: HASH,
      interval: EVERYTHING,
      direction: 'ascending',
      withKeys: false,
      observe: 'sum',
    } as const
    const { fingerprint, asOf } = await result(query)
    const seen = {
      items: [],
      intervals: [{ hashKey: HASH, interval: EVERYTHING, fingerprint, asOf } as never],
    }
    await result({ kind: 'validate', seen, together: true })
    world.now += 60_000
    expect(await world.ask(ROOT, { kind: 'validate', seen, together: true })).toMatchObject({
      error: { code: 'transaction_conflict' },
    })
  })

  it('and one that ends in the past never was', async () => {
    expect(await write(put(9, { n: 9, ends: inMillis(-1) }))).toMatchObject([{ made: true }])
    expect(await read(9)).toBeNull()
    expect(await write(put(9, { n: 9, ends: inMillis(0) }), set(9, { n: 10 }))).toMatchObject([
      { made: true },
      { made: false, because: 'absent' },
    ])
  })
})

describe('an item that was found to have ended', () => {
  it('does not come back by a clock that is behind', async () => {
    await begin()
    expect(await read(2)).toBeNull()
    world.ahead.set(ROOT, -500_000)
    world.restart(ROOT)
    expect(await read(2)).toBeNull()
    expect(await read(3)).toBe(3)
  })

  it('does not come back when the clock of its instance is set back', async () => {
    await begin()
    expect(await read(2)).toBeNull()
    await write(put(4, { n: 4, ends: inMillis(-10) }))
    world.now -= 1_000
    // By the same instance, the time does not go back either.
    expect(await read(4)).toBeNull()
  })

  it.each([
    ['a refused write', () => world.ask(ROOT, writing([set(2, { n: 1 }), insert(1, { n: 1 })]))],
    ['a validation', () => world.ask(ROOT, { kind: 'validate', seen: absentSeen(2, 0), together: false })],
    ['a scan', () => world.ask(ROOT, { kind: 'scan', limit: 10 })],
  ])('does not come back when it was found by %s', async (_, find) => {
    await begin()
    await find()
    world.ahead.set(ROOT, -500_000)
    world.restart(ROOT)
    expect(await read(2)).toBeNull()
  })

  it('is deleted, large values included', async () => {
    await write(put(2, { n: 'x'.repeat(5_000), ends: inMillis(1_000) }))
    world.now += 1_000
    expect(await read(2)).toBeNull()
    expect(stored()).toEqual({ n: 0 })
    expect(world.rows(ROOT, 'SELECT count(*) AS n FROM large_values')).toEqual([{ n: 0 }])
  })

  it('has its large value replaced by an insert', async () => {
    await write(put(2, { n: 'x'.repeat(5_000), ends: inMillis(1_000) }))
    world.now += 1_000
    await write(insert(2, { n: 'y'.repeat(6_000), ends: null }))
    expect(await read(2)).toBe('y'.repeat(6_000))
    expect(world.rows(ROOT, 'SELECT count(*) AS n FROM large_values')).toEqual([{ n: 1 }])
  })
})

const absentSeen = (sort: number, asOf: number) => ({
  items: [{ key: key(sort), version: null, asOf }],
  intervals: [],
})

describe('when an item ends', () => {
  it('is said by a column of it', async () => {
    await write(put(1, { n: 1, ends: inMillis(1_000) }), insert(2, { n: 2, ends: inMillis(2_000) }))
    world.now += 1_000
    expect([await read(1), await read(2)]).toEqual([null, 2])
    world.now += 1_000
    expect(await read(2)).toBeNull()
  })

  it('is later when it was renewed', async () => {
    await write(put(1, { n: 1, ends: inMillis(1_000) }))
    world.now += 900
    await write(set(1, { ends: inMillis(1_000) }, 'ends'))
    world.now += 900
    expect(await read(1)).toBe(1)
    world.now += 100
    expect(await read(1)).toBeNull()
  })

  it('stays when other columns change', async () => {
    await write(put(1, { n: 1, ends: inMillis(1_000) }), put(2, { n: 1, ends: inMillis(1_000) }))
    await write(set(1, { n: 5 }), set(2, { n: 5 }, 'ends'))
    expect([await read(1), await read(2)]).toEqual([5, 5])
    world.now += 1_000
    expect([await read(1), await read(2)]).toEqual([null, null])
  })

  it('is never, when the column is null or absent, or nobody says that there is one', async () => {
    for (const sort of [1, 2, 3, 4]) await write(put(sort, { n: 1, ends: inMillis(1_000) }))
    const { expiresAt: _, ...unsaid } = put(3, { n: 1, ends: inMillis(1_000) }) as Change & { kind: 'put' }
    await write(put(1, { n: 1, ends: null }), put(2, { n: 1 }), unsaid, set(4, { ends: null }, 'ends'))
    world.now += 1_000_000
    for (const sort of [1, 2, 3, 4]) expect(await read(sort)).toBe(1)
  })

  it.each([5, 'tomorrow', true, [new Date(0)]])('is no %s', async (ends) => {
    await write(put(1, { n: 1 }))
    const changes = [
      [put(2, { n: 1 }), put(3, { n: 1, ends })],
      [put(2, { n: 1 }), insert(3, { n: 1, ends })],
      [put(2, { n: 1 }), set(1, { ends }, 'ends')],
      [
        put(2, { n: 1 }),
        { ...insert(1, {}), onExisting: set(1, { ends }, 'ends') as Change & { kind: 'update' } } as Change,
      ],
    ]
    for (const some of changes) {
      expect(await world.ask(ROOT, writing(some))).toMatchObject({
        error: { code: 'invalid_value', details: { column: 'ends', index: 1 } },
      })
    }
    expect(stored()).toEqual({ n: 1 })
  })
})

describe('the alarm', () => {
  it('deletes what has ended and nobody has come upon, once a minute at most', async () => {
    for (let i = 0; i < 20; i++) await write(put(i, { n: i, ends: inMillis(100 * i) }))
    await write(put(99, { n: 'x'.repeat(9_000), ends: inMillis(100) }), put(100, { n: 1 }))
    const alarm = world.host(ROOT).alarm as number
    expect(alarm).toBeGreaterThanOrEqual(world.now + 100)
    expect(alarm % 60_000).toBe(0)
    await world.pass(alarm - world.now - 1)
    expect(stored()).toEqual({ n: 22 })
    await world.pass(1_000)
    expect(stored()).toEqual({ n: 1 })
    expect(world.rows(ROOT, 'SELECT count(*) AS n FROM large_values')).toEqual([{ n: 0 }])
    expect(world.host(ROOT).alarm).toBeUndefined()
  })

  it('goes on in steps, and rings again for what ends later', async () => {
    world.settings = { ...world.settings, pace: { ...DEFAULT_PACE, deleted: 3 } }
    for (let i = 0; i < 20; i++) await write(put(i, { n: i, ends: inMillis(i) }))
    await write(put(50, { n: 1, ends: inMillis(600_000) }))
    world.restart(ROOT)
    await world.pass(70_000)
    expect(stored()).toEqual({ n: 1 })
    await world.pass(600_000)
    expect(stored()).toEqual({ n: 0 })
    await world.pass(100_000)
    expect(world.host(ROOT).alarm).toBeUndefined()
  })

  it('of an instance that has just begun is not later than that of the one before', async () => {
    await write(put(1, { n: 1, ends: inMillis(1_000) }))
    const alarm = world.host(ROOT).alarm as number
    world.restart(ROOT)
    await write(put(2, { n: 1, ends: inMillis(10_000_000) }))
    expect(world.host(ROOT).alarm).toBe(alarm)
  })

  it('is not for ages to come', async () => {
    await write(put(1, { n: 1, ends: new Date(8_640_000_000_000_000) }))
    expect(world.host(ROOT).alarm).toBeLessThan(world.now + 366 * 86_400_000)
    expect(await read(1)).toBe(1)
  })

  it('is not set where nothing ends', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 1, ends: null }))
    expect(world.host(ROOT).alarm).toBeUndefined()
  })
})

/** Prepares a part of a transaction whose home says that it is still deciding. */
const prepare = async (part: TransactionPart) => {
  const attempt: Attempt = {
    id: world.token(),
    token: world.token(),
    home: 'main/h/1' as PartitionName,
    ...key(1, 'home'),
    age: { at: 1, id: 1 },
    settings: SETTINGS,
  }
  const operation: PartitionPrepare = { kind: 'prepare', attempt, part, refusals: 'conflict' }
  await result(operation)
  world.requests = ({ kind }) => (kind === 'inquire' ? 'lost' : 'arrives')
  return { attempt, operation }
}

describe('an item that a transaction has locked', () => {
  const lock = async () => {
    await begin()
    const version = (await result({ kind: 'get', key: key(3) })).found?.version as number
    const seen = { items: [{ key: key(3), version, asOf: version }], intervals: [] }
    const prepared = await prepare(partOf([insert(7, { n: 7 })], seen))
    world.now += 60_000
    return prepared
  }

  it('is left alone by the alarm until the lock is gone', async () => {
    const { attempt } = await lock()
    await world.pass(100_000)
    expect(stored()).toEqual({ n: 2 })
    await result({ kind: 'finish', attempt: attempt.id, hashKeys: [HASH], outcome: { committed: false } })
    await world.pass(100_000)
    expect(stored()).toEqual({ n: 1 })
  })

  it('is found by nobody before the lock is gone', async () => {
    const { attempt } = await lock()
    const reading = read(3)
    await world.pass(100)
    expect(await Promise.race([reading, Promise.resolve('nothing yet')])).toBe('nothing yet')
    await result({ kind: 'finish', attempt: attempt.id, hashKeys: [HASH], outcome: { committed: false } })
    await world.pass(100)
    expect(await reading).toBeNull()
  })

  it('has another transaction that holds locks elsewhere try again', async () => {
    await lock()
    const version = 1
    const other = partOf([], { items: [{ key: key(3), version, asOf: version }], intervals: [] })
    const attempt: Attempt = {
      id: world.token(),
      token: world.token(),
      home: 'main/h/1' as PartitionName,
      ...key(1, 'home'),
      age: { at: 0, id: 1 },
      settings: SETTINGS,
    }
    expect(
      await world.ask(ROOT, { kind: 'prepare', attempt, part: other, refusals: 'conflict' }),
    ).toMatchObject({ error: { code: 'transaction_conflict', details: { busy: true } } })
  })
})

it('a transaction is not committed whose home has shown a row for expired meanwhile', async () => {
  await write(put(1, { n: 1, ends: inMillis(500) }), { ...put(1, { n: 1 }), key: key(1, 'moved') } as Change)
  world.divide(ROOT, [
    {
      target: rangeRootOf(ROOT, key(1, 'moved').hashKey),
      set: { kind: 'hashKey', hashKey: key(1, 'moved').hashKey },
    },
  ])
  await world.pass(100)
  expect(await read(1)).toBe(1)
  const version = (await result({ kind: 'get', key: key(1) })).found?.version as number
  // The answer of the other partition takes longer than the row has to live.
  let prepares = 0
  world.requests = async ({ kind }) => {
    if (kind === 'prepare' && prepares++ === 0) await world.sleep(600)
    return 'arrives' as const
  }
  const committing = world.ask(ROOT, {
    kind: 'transact',
    token: world.token(),
    born: world.now,
    resent: false,
    part: partOf([insert(2, { n: 2 })], { items: [{ key: key(1), version, asOf: version }], intervals: [] }),
    others: [
      {
        partition: 'main/h/0.0' as PartitionName,
        part: {
          ...partOf([]),
          changes: [{ index: 1, change: { ...put(2, { n: 2 }), key: key(2, 'moved') } as Change }],
        },
      },
    ],
    refusals: 'conflict',
  })
  await world.pass(550)
  expect(prepares).toBe(1)
  expect(await read(1)).toBeNull()
  await world.pass(5_000)
  expect(await committing).toMatchObject({ ok: false, error: { code: 'transaction_conflict' } })
  expect(await read(2)).toBeNull()
})

describe('what was absent when it was read', () => {
  const came = async () => {
    await write(put(1, { n: 1 }))
    const { asOf } = await result({ kind: 'batchGet', keys: [key(2)], observe: 'versions' })
    const items = absentSeen(2, asOf as number)
    const interval = { hashKey: HASH, interval: { from: key(2).sortKey, to: key(9).sortKey } }
    const intervals = {
      items: [],
      intervals: [{ ...interval, fingerprint: EMPTY_FINGERPRINT, asOf: asOf as number }],
    }
    return [items, intervals]
  }
  const conflict = { error: { code: 'transaction_conflict' } }

  it('may have come, and gone by itself', async () => {
    for (const which of [0, 1]) {
      const seen = (await came())[which] as TransactionPart['seen']
      await result({ kind: 'validate', seen, together: true })
      await write(put(2, { n: 2, ends: inMillis(100) }))
      world.now += 100
      expect(await world.ask(ROOT, { kind: 'validate', seen, together: true })).toMatchObject(conflict)
    }
  })

  it('may have come, gone by itself, and been deleted by the alarm', async () => {
    const [items, intervals] = await came()
    await write(put(2, { n: 2, ends: inMillis(100) }))
    await world.pass(120_000)
    expect(stored()).toEqual({ n: 1 })
    for (const seen of [items, intervals]) {
      expect(await world.ask(ROOT, { kind: 'validate', seen, together: true } as never)).toMatchObject(
        conflict,
      )
    }
  })

  it('may have come, and gone by itself before another instance', async () => {
    const [seen] = await came()
    await write(put(2, { n: 2, ends: inMillis(100) }))
    const replaced = world.host(ROOT).partition
    world.now += 100
    world.restart(ROOT)
    expect(await read(2)).toBeNull()
    world.taker = () => replaced
    expect(await world.ask(ROOT, { kind: 'validate', seen, together: true } as never)).toMatchObject(conflict)
  })

  it('is as it was, when what was there before had ended', async () => {
    await write(put(2, { n: 2, ends: inMillis(100) }))
    world.now += 100
    for (const seen of await came()) await result({ kind: 'validate', seen, together: true })
    const seen = absentSeen(
      2,
      (await result({ kind: 'batchGet', keys: [key(2)], observe: 'versions' })).asOf as number,
    )
    await world.pass(120_000)
    await result({ kind: 'validate', seen, together: true })
  })
})

describe('a write that is sent again', () => {
  const again = async (born: number, change: Change, token: number) => {
    world.restart(ROOT)
    return world.ask(ROOT, writing([change], { token, born, resent: true }))
  }

  it('is known by its row, also when that has ended', async () => {
    const change = put(1, { n: 1, ends: inMillis(100) })
    const token = world.token()
    const born = world.now
    await result(writing([change], { token }))
    world.now += 1_000
    expect(await again(born, change, token)).toMatchObject({ result: { changes: [{ made: true }] } })
  })

  it('has an outcome that nobody knows, when its row has ended and is deleted', async () => {
    const change = put(1, { n: 1, ends: inMillis(100) })
    const token = world.token()
    const born = world.now
    await result(writing([change], { token }))
    world.now += 1_000
    expect(await read(1)).toBeNull()
    expect(await again(born, change, token)).toMatchObject({ error: { code: 'outcome_unknown' } })
  })
})

describe('an item that ends and moves', () => {
  const promote = () => world.divide(ROOT, [{ target: RANGE, set: { kind: 'hashKey', hashKey: HASH } }])

  it('ends where it has come to', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 2, ends: inMillis(20_000) }))
    promote()
    await world.pass(10_000)
    expect(await read(2, RANGE)).toBe(2)
    expect(stored(RANGE)).toEqual({ n: 2 })
    await world.pass(10_000)
    expect(await read(2, RANGE)).toBeNull()
    expect(stored(RANGE)).toEqual({ n: 1 })
  })

  it('is deleted by the alarm where it has come to', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 2, ends: inMillis(20_000) }))
    promote()
    await world.pass(10_000)
    expect(world.host(RANGE).alarm).toBeDefined()
    await world.pass(120_000)
    expect(stored(RANGE)).toEqual({ n: 1 })
    expect(stored(ROOT)).toEqual({ n: 0 })
  })

  it('is not copied back when it was found to have ended', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 2, ends: inMillis(5_000) }))
    // By the target's clock it has not ended.
    world.ahead.set(RANGE, -500_000)
    world.requests = ({ kind }) => (kind === 'handOver' ? 'lost' : 'arrives')
    promote()
    await world.pass(4_900)
    expect(stored(RANGE)).toEqual({ n: 2 })
    world.now += 100
    expect(await read(2)).toBeNull()
    world.requests = () => 'arrives'
    await world.pass(20_000)
    expect(await read(2, RANGE)).toBeNull()
    expect(await read(1, RANGE)).toBe(1)
  })

  it('is left to who has it, where it lies still', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 2, ends: inMillis(30_000) }))
    world.requests = ({ kind }) => (kind === 'settle' ? 'lost' : 'arrives')
    promote()
    await world.pass(200_000)
    expect(stored(ROOT)).toEqual({ n: 2 })
    expect(stored(RANGE)).toEqual({ n: 1 })
    expect(await result({ kind: 'scan', limit: 10 })).toMatchObject({ items: [] })
  })

  it('is not given to who does not know that it ends', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 2, ends: inMillis(100_000_000) }))
    world.requests = ({ kind, from }) => (kind === 'copy' && from !== 'test' ? 'lost' : 'arrives')
    promote()
    await world.pass(3_000)
    const [{ id }] = world.rows(ROOT, 'SELECT id FROM transfers') as [{ id: number }]
    for (const kind of ['copy', 'catchUp', 'handOver'] as const) {
      const operation = { kind, transfer: id, behind: 0 } as PartitionOperation
      expect(await world.ask(ROOT, operation, { version: 3 })).toMatchObject({
        ok: false,
        error: { code: 'invalid_request' },
      })
    }
  })
})

describe('the format of the tables', () => {
  const format = () => world.rows(ROOT, "SELECT value FROM facts WHERE name = 'storage_format'")

  it('is the one before, as long as nothing ends: an older version can go on', async () => {
    await write(put(1, { n: 1 }), put(2, { n: 1, ends: null }))
    expect(format()).toEqual([{ value: 3 }])
    world.restart(ROOT)
    await write(put(2, { n: 1, ends: inMillis(10) }))
    expect(format()).toEqual([{ value: 4 }])
    world.restart(ROOT)
    expect(await read(1)).toBe(1)
  })

  it('is brought up to date where an older version has made the tables', async () => {
    await write(put(1, { n: 1 }))
    const { database } = world.host(ROOT)
    database.exec(
      "DROP INDEX ending; ALTER TABLE items DROP COLUMN expires; DELETE FROM facts WHERE name = 'tables'",
    )
    world.restart(ROOT)
    expect(await read(1)).toBe(1)
    expect(format()).toEqual([{ value: 3 }])
    await write(put(2, { n: 2, ends: inMillis(10) }))
    world.restart(ROOT)
    expect(await read(2)).toBe(2)
    world.now += 10
    expect(await read(2)).toBeNull()
  })

  it('keeps older versions out from the first part of a transaction on that would make something end', async () => {
    await write(put(1, { n: 1 }))
    await prepare(partOf([insert(2, { n: 2, ends: inMillis(10_000) })]))
    expect(format()).toEqual([{ value: 4 }])
  })

  it('is not raised by what is undone', async () => {
    await write(put(1, { n: 1 }))
    await world.ask(ROOT, writing([put(2, { n: 2, ends: inMillis(10) }), insert(1, {})]))
    expect(format()).toEqual([{ value: 3 }])
  })
})

describe('the version of a request', () => {
  it('is higher for what makes items that end, and for nothing else', () => {
    const { expiresAt: _, ...plain } = put(1, { n: 1 }) as Change & { kind: 'put' }
    expect(requestVersion(writing([plain]))).toBe(1)
    expect(requestVersion(writing([plain, put(1, {})]))).toBe(4)
    const upsert = { ...insert(1, {}), expiresAt: undefined, onExisting: { assignments: [], expiresAt: 'a' } }
    expect(requestVersion(writing([upsert as never]))).toBe(4)
    const transact = { kind: 'transact', part: partOf([plain]), others: [] } as never
    expect(requestVersion(transact)).toBe(2)
    const others = [{ partition: ROOT, part: partOf([set(1, {}, 'ends')]) }]
    expect(requestVersion({ kind: 'transact', part: partOf([plain]), others } as never)).toBe(4)
    expect(requestVersion({ kind: 'prepare', part: partOf([put(1, {})]) } as never)).toBe(4)
    expect(REQUEST_VERSION).toBeGreaterThanOrEqual(4)
  })
})
