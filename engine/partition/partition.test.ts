import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ErrorReport } from '../errors.js'
import { column, value } from '../expressions/build.js'
import { tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import {
  type Change,
  type ItemKey,
  type PartitionOperation,
  type PartitionResults,
  type PartitionWrite,
  type PinnedSettings,
  REQUEST_VERSION,
  VERSIONS_PER_MILLI,
  type WriteResult,
} from '../operations.js'
import type { PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import type { Item } from '../values/value.js'
import { Partition } from './partition.js'
import { RESEND_WINDOW, RETENTION } from './token-memory.js'

const START = 1_700_000_000_000

/** One partition's database and clock, which outlive its instances. */
class World {
  readonly database = new DatabaseSync(':memory:')
  now = START
  partition = this.#start()
  #token = 0

  /** The instance is gone with its memory; a new one finds the database. */
  restart(): void {
    this.partition = this.#start()
  }

  #start(): Partition {
    const ports = {
      name: 'main/h/0' as PartitionName,
      storage: sqliteStorage(this.database),
      clock: { now: () => this.now, sleep: () => new Promise<void>(() => {}) },
      random: { fraction: () => 0.5, token: () => ++this.#token },
      alarm: { set: () => {}, clear: () => {} },
      peers: { call: () => Promise.reject(new Error('nobody is there')) },
    }
    return new Partition(ports, DEFAULT_SETTINGS)
  }

  ask<O extends PartitionOperation>(
    operation: O,
    settings: PinnedSettings = { roots: 1, fanout: 4 },
    version = 1,
  ): PartitionResults[O['kind']] | ErrorReport {
    const answer = this.partition.execute({ version, settings, operation })
    if (answer instanceof Promise) throw new Error('nothing has to wait here')
    return answer.ok ? (answer.result as PartitionResults[O['kind']]) : (answer.error as ErrorReport)
  }

  write(changes: readonly Change[], more: Partial<PartitionWrite> = {}): WriteResult | ErrorReport {
    return this.ask({ kind: 'write', changes, token: ++this.#token, born: this.now, resent: false, ...more })
  }

  read(key: ItemKey): Item | null {
    const { found } = this.ask({ kind: 'get', key }) as PartitionResults['get']
    return found === null ? null : decodeItem(found.item)
  }

  version(key: ItemKey): number {
    const { found } = this.ask({ kind: 'get', key }) as PartitionResults['get']
    return found?.version ?? 0
  }

  rows(table: string): number {
    return Number(this.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
  }
}

const key = (sort: string | number = 'a', hash = 'h'): ItemKey => ({
  hashKey: encodeKey([hash]),
  sortKey: encodeKey([sort]),
})
const put = (item: Item, at = key()): Change => ({ kind: 'put', key: at, item: encodeItem(item) })
const insert = (item: Item, at = key()): Change => ({
  kind: 'insert',
  key: at,
  item: encodeItem(item),
  onExisting: 'error',
})
const remove = (at = key()): Change => ({ kind: 'delete', key: at })
const increment = (at = key()): Change => ({
  kind: 'update',
  key: at,
  assignments: [
    { column: 'n', value: { kind: 'arithmetic', operator: '+', left: column('n'), right: value(1) } },
  ],
})
const large = (size: number): Item => ({ text: 'x'.repeat(size) })
const everything = { hashKey: encodeKey(['h']), interval: tuplesUnder(new Uint8Array()) }

let world: World
beforeEach(() => {
  world = new World()
})

describe('an item', () => {
  it('that was put is there, whatever was there before', () => {
    world.write([put({ n: 1 })])
    world.write([put({ n: 2 })])
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('that was deleted is not', () => {
    world.write([put({ n: 1 })])
    expect(world.write([remove()])).toMatchObject({ changes: [{ made: true }] })
    expect(world.read(key())).toBeNull()
    expect(world.write([remove()])).toEqual({ changes: [{ made: false, because: 'absent' }] })
  })

  it.each([10, 900, 1_000, 5_000, 400_000])('of %i characters comes back', (size) => {
    world.write([put(large(size))])
    expect(world.read(key())).toEqual(large(size))
    const { items } = world.ask({
      kind: 'query',
      ...everything,
      direction: 'ascending',
      withKeys: false,
    }) as PartitionResults['query']
    expect(items.map(decodeItem)).toEqual([large(size)])
  })

  it('that was large leaves nothing behind when it is replaced, updated or deleted', () => {
    const big = large(5_000)
    world.write([put(big)])
    expect(world.rows('large_values')).toBe(1)
    world.write([put({ n: 1 })])
    expect(world.rows('large_values')).toBe(0)
    world.write([put(big)])
    world.write([put({ ...big, n: 1 })])
    expect(world.rows('large_values')).toBe(1)
    world.write([increment()])
    expect(world.read(key())).toEqual({ ...big, n: 2 })
    expect(world.rows('large_values')).toBe(1)
    world.write([remove()])
    expect(world.rows('large_values')).toBe(0)
  })
})

describe('a version', () => {
  it('rises with every write, also after a delete and a new insert', () => {
    const versions: number[] = []
    for (let i = 0; i < 5; i++) {
      world.write([put({ i })])
      versions.push(world.version(key()))
      world.write([remove()])
    }
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })

  it('rises when the clock stands still, goes back or restarts behind', () => {
    const versions: number[] = []
    for (const move of [0, 0, -5_000, 0, 60_000, -60_000, 1]) {
      world.now += move
      world.write([put({})])
      versions.push(world.version(key()))
      world.restart()
      world.now -= 1_000_000
      world.write([put({})])
      versions.push(world.version(key()))
      world.now += 1_000_000
    }
    for (let i = 1; i < versions.length; i++) expect(versions[i]).toBeGreaterThan(versions[i - 1] as number)
  })

  it('does not run away from the clock when the partition restarts often', () => {
    for (let i = 0; i < 100; i++) {
      world.restart()
      world.now += 1_000
      world.write([put({ i })])
    }
    expect(world.version(key()) / VERSIONS_PER_MILLI - world.now).toBeLessThan(15_000)
  })

  it('follows the clock, and stays a whole number that doubles hold', () => {
    world.write([put({})])
    const version = world.version(key())
    expect(Math.abs(version / VERSIONS_PER_MILLI - START)).toBeLessThan(1)
    expect(Number.isSafeInteger(version)).toBe(true)
  })

  it('outlives a clock that jumps far ahead in the middle of a statement', () => {
    const jump = world.ask.bind(world)
    world.write([put({})])
    let asked = 0
    Object.defineProperty(world, 'now', { get: () => (asked++ === 1 ? START : START + 3_600_000 * asked) })
    const changes = Array.from({ length: 50 }, (_, i) => put({ i }, key(i)))
    expect(jump({ kind: 'write', changes, token: 99, born: START + 1e9, resent: false })).toMatchObject({
      changes: { length: 50 },
    })
  })

  it('costs one more row every few seconds, not one per write', () => {
    world.write([put({})])
    const bound = () =>
      world.database.prepare("SELECT value FROM facts WHERE name = 'clock_bound'").get()?.value
    const first = bound()
    for (let i = 0; i < 100; i++) {
      world.now += 50
      world.write([put({ i })])
    }
    expect(bound()).toBe(first)
    world.now += 60_000
    world.write([put({})])
    expect(bound()).not.toBe(first)
  })
})

describe('an insert', () => {
  it('into a place that is taken is an error, and nothing of its statement is written', () => {
    world.write([insert({ n: 1 }, key('b'))])
    const refused = world.write([insert({ n: 2 }, key('a')), insert({ n: 2 }, key('b'))])
    expect(refused).toMatchObject({ code: 'constraint', details: { index: 1 } })
    expect(world.read(key('a'))).toBeNull()
    expect(world.read(key('b'))).toEqual({ n: 1 })
  })

  it('of one key twice in a statement is an error', () => {
    expect(world.write([insert({ n: 1 }), insert({ n: 2 })])).toMatchObject({ code: 'constraint' })
    expect(world.read(key())).toBeNull()
  })

  it('can leave what is there, or update it from what was brought', () => {
    world.write([insert({ n: 1, kept: true })])
    expect(world.write([{ ...insert({ n: 5 }), onExisting: 'ignore' } as Change])).toEqual({
      changes: [{ made: false, because: 'exists' }],
    })
    const proposed = { kind: 'column', column: 'n', of: 'proposed' } as const
    const sum = { kind: 'arithmetic', operator: '+', left: column('n'), right: proposed } as const
    const upsert = {
      ...insert({ n: 5 }),
      onExisting: { assignments: [{ column: 'n', value: sum }] },
    } as Change
    world.write([upsert])
    expect(world.read(key())).toEqual({ n: 6, kept: true })
  })
})

describe('a statement', () => {
  it('sees what its earlier changes wrote', () => {
    world.write([put({ n: 1 }), increment(), increment()])
    expect(world.read(key())).toEqual({ n: 3 })
  })

  it('that fails in the middle changes nothing', () => {
    world.write([put({ n: 1 }), put({ n: 'text' }, key('b'))])
    expect(world.write([increment(), increment(key('b'))])).toMatchObject({ code: 'type_mismatch' })
    expect(world.read(key())).toEqual({ n: 1 })
  })

  it('answers what it wrote or deleted', () => {
    const written = world.write([put({ n: 1 }), increment(), remove()], { returning: 'all' }) as WriteResult
    const items = written.changes.map((change) => (change.made ? decodeItem(change.item as ItemText) : null))
    expect(items).toEqual([{ n: 1 }, { n: 2 }, { n: 2 }])
  })

  it.each([
    ['no changes', [], 'invalid_request'],
    ['too many changes', Array.from({ length: 1_001 }, (_, i) => put({}, key(i))), 'limit_exceeded'],
    ['a hash key that is too long', [put({}, key('a', 'x'.repeat(2_100)))], 'limit_exceeded'],
    ['a sort key that is too long', [put({}, key('x'.repeat(1_100)))], 'limit_exceeded'],
    ['an item that is too large', [put(large(500_000))], 'limit_exceeded'],
    ['too many bytes', Array.from({ length: 9 }, (_, i) => put(large(490_000), key(i))), 'limit_exceeded'],
  ] as const)('with %s is refused, and changes nothing, not even an empty partition', (_, changes, code) => {
    expect(world.write(changes)).toMatchObject({ code })
    expect(world.database.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toEqual({ n: 0 })
  })

  it('that makes an item too large is refused, and changes nothing', () => {
    world.write([put({ ...large(499_000), n: 1 }), put({ n: 1 }, key('b'))])
    const grow: Change = {
      kind: 'update',
      key: key(),
      assignments: [{ column: 'more', value: value('x'.repeat(2_000)) }],
    }
    expect(world.write([increment(key('b')), grow])).toMatchObject({
      code: 'limit_exceeded',
      details: { index: 1 },
    })
    expect(world.read(key('b'))).toEqual({ n: 1 })
  })

  it('that writes or returns too much is refused, and changes nothing', () => {
    for (let i = 0; i < 20; i++) world.write([put({ ...large(450_000), n: 1 }, key(i))])
    const all = Array.from({ length: 20 }, (_, i) => increment(key(i)))
    expect(world.write(all)).toMatchObject({ code: 'limit_exceeded', details: { limit: 4_000_000 } })
    const removals = Array.from({ length: 20 }, (_, i) => remove(key(i)))
    expect(world.write(removals, { returning: 'all' })).toMatchObject({ code: 'limit_exceeded' })
    expect(world.read(key(0))).toMatchObject({ n: 1 })
    expect(world.rows('items')).toBe(20)
    expect(world.write(all.slice(0, 8), { returning: 'all' })).toMatchObject({ changes: { length: 8 } })
    expect(world.write(removals)).toMatchObject({ changes: { length: 20 } })
  })

  it('on a hash key alone is refused when the hash key has other items', () => {
    const alone = { ...increment(), aloneIn: tuplesUnder(new Uint8Array()) } as Change
    world.write([put({ n: 1 })])
    expect(world.write([alone])).toMatchObject({ changes: [{ made: true }] })
    world.write([put({ n: 1 }, key('b'))])
    expect(world.write([alone])).toMatchObject({ code: 'invalid_request' })
    world.write([remove(key('b')), put({ n: 1 }, key('A'))])
    expect(world.write([alone])).toMatchObject({ code: 'invalid_request' })
    expect(world.read(key())).toEqual({ n: 2 })
  })
})

describe('a page', () => {
  const query = (more: object) =>
    world.ask({
      kind: 'query',
      ...everything,
      direction: 'ascending',
      withKeys: true,
      ...more,
    }) as PartitionResults['query']

  it.each(['ascending', 'descending'] as const)(
    'and those after it give every item once, %s',
    (direction) => {
      world.write(Array.from({ length: 25 }, (_, i) => put({ i }, key(i))))
      const seen: unknown[] = []
      let interval: unknown = everything.interval
      let pages = 0
      while (interval !== undefined) {
        const { items, rest } = query({ direction, limit: 7, interval })
        seen.push(...items.map((item) => decodeItem(item).i))
        interval = rest
        pages++
      }
      const all = Array.from({ length: 25 }, (_, i) => i)
      expect(seen).toEqual(direction === 'ascending' ? all : all.reverse())
      expect(pages).toBe(4)
    },
  )

  it('counts what passes the filter towards its limit, and goes on behind what it looked at', () => {
    world.write(Array.from({ length: 20 }, (_, i) => put({ i }, key(i))))
    const filter = { kind: 'compare', operator: '>=', left: column('i'), right: value(10) }
    const { items, rest } = query({ filter, limit: 3 })
    expect(items.map((item) => decodeItem(item).i)).toEqual([10, 11, 12])
    expect(rest?.from).toEqual(Uint8Array.from([...encodeKey([12]), 0]))
  })

  it('ends when it has looked at much, though nothing passes', () => {
    for (let i = 0; i < 12; i++) world.write([put(large(450_000), key(i))])
    const filter = { kind: 'compare', operator: '=', left: column('text'), right: value('y') }
    const { items, rest } = query({ filter })
    expect(items).toEqual([])
    expect(rest?.from).toEqual(Uint8Array.from([...encodeKey([8]), 0]))
  })

  it('ends before it holds too much', () => {
    for (let i = 0; i < 12; i++) world.write([put(large(450_000), key(i))])
    const { items, rest } = query({})
    expect(items.length).toBe(9)
    expect(rest).toBeDefined()
    const keys = Array.from({ length: 12 }, (_, i) => key(i))
    const { found } = world.ask({ kind: 'batchGet', keys }) as PartitionResults['batchGet']
    expect(found.length).toBe(9)
  })
})

describe('a row as it is selected', () => {
  it('is refused when its columns are too much together', () => {
    world.write([put(large(450_000))])
    const projection = Array.from({ length: 20 }, (_, i) => ({
      kind: 'as' as const,
      name: `c${i}`,
      value: { kind: 'column' as const, column: 'text' },
    }))
    expect(world.ask({ kind: 'get', key: key(), projection })).toMatchObject({ code: 'limit_exceeded' })
    expect(world.ask({ kind: 'get', key: key(), projection: projection.slice(0, 8) })).toMatchObject({
      found: {},
    })
  })
})

describe('a partition', () => {
  it('that was only read has no tables', () => {
    expect(world.read(key())).toBeNull()
    expect(world.ask({ kind: 'batchGet', keys: [key()] })).toEqual({ found: [null] })
    expect(world.ask({ kind: 'query', ...everything, direction: 'ascending', withKeys: false })).toEqual({
      items: [],
    })
    expect(world.database.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toEqual({ n: 0 })
  })

  it('refuses other settings than its data was written with, naming both', () => {
    world.write([put({})])
    const other = { roots: 1, fanout: 8 }
    expect(world.ask({ kind: 'get', key: key() }, other)).toMatchObject({
      code: 'settings_mismatch',
      message: expect.stringMatching(/written with roots 1, fanout 4.*declares roots 1, fanout 8/),
    })
    world.restart()
    expect(world.ask({ kind: 'get', key: key() }, other)).toMatchObject({ code: 'settings_mismatch' })
  })

  it('refuses requests of a protocol that it does not speak', () => {
    expect(world.ask({ kind: 'get', key: key() }, undefined, REQUEST_VERSION + 1)).toMatchObject({
      code: 'invalid_request',
    })
    expect(world.ask({ kind: 'later' } as never)).toMatchObject({ code: 'invalid_request' })
    world.write([put({})])
    expect(world.write([{ kind: 'later', key: key() } as never])).toMatchObject({ code: 'invalid_request' })
  })

  it('pins no settings with a write that changes nothing', () => {
    const wrong = { roots: 1, fanout: 8 }
    const nothing: Change[] = [
      { kind: 'update', key: key(), assignments: [] },
      { kind: 'put', key: key(), item: encodeItem({}), condition: { kind: 'exists' } },
      { kind: 'delete', key: key() },
    ]
    for (const change of nothing) {
      expect(
        world.ask({ kind: 'write', changes: [change], token: 50, born: START, resent: false }, wrong),
      ).toMatchObject({ changes: [{ made: false }] })
    }
    expect(
      world.ask(
        {
          kind: 'write',
          changes: [{ kind: 'none', key: key() } as never],
          token: 51,
          born: START,
          resent: false,
        },
        wrong,
      ),
    ).toMatchObject({ code: 'invalid_request' })
    expect(world.database.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toEqual({ n: 0 })
    expect(world.write([put({ n: 1 })])).toMatchObject({ changes: [{ made: true }] })
  })

  it('remembers a write that changed nothing, and was the first', () => {
    world.write([increment()], { token: 7 })
    world.write([put({ n: 1 })])
    expect(world.write([increment()], { token: 7, resent: true })).toMatchObject({
      changes: [{ made: false, because: 'absent' }],
    })
    expect(world.read(key())).toEqual({ n: 1 })
  })

  it('does not answer from memory that nothing was written, when another instance wrote', () => {
    const stale = world.partition
    expect(world.read(key())).toBeNull()
    world.restart()
    world.write([put({ n: 1 })])
    world.partition = stale
    expect(world.read(key())).toEqual({ n: 1 })
  })

  it('takes over tables of the format before', () => {
    world.write([put({ n: 1 })])
    world.database.exec(
      `DROP TABLE parts; DROP TABLE transactions; DROP TABLE transfers; DROP TABLE changes; DROP TABLE promoted;
       DROP TABLE marks; DROP INDEX ending; ALTER TABLE items DROP COLUMN expires;
       DELETE FROM facts WHERE name = 'tables'; UPDATE facts SET value = 1 WHERE name = 'storage_format';
       UPDATE facts SET value = 'roots 1, fanout 4' WHERE name = 'settings'`,
    )
    world.restart()
    expect(world.read(key())).toEqual({ n: 1 })
    expect(world.rows('parts')).toBe(0)
    world.restart()
    expect(world.write([increment()])).toMatchObject({ changes: [{ made: true }] })
  })

  it('refuses tables of a format that it does not know', () => {
    world.write([put({})])
    world.database.exec("UPDATE facts SET value = 99 WHERE name = 'storage_format'")
    world.restart()
    expect(world.write([put({})])).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('format 99'),
    })
  })
})

describe('a write that is sent again', () => {
  it('is answered, not run again', () => {
    world.write([put({ n: 1 })])
    const first = world.write([increment()], { token: 7, returning: 'all' })
    const again = world.write([increment()], { token: 7, resent: true, returning: 'all' })
    expect(again).toEqual(first)
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is answered when the network doubled it', () => {
    world.write([put({ n: 1 })])
    world.write([increment()], { token: 7 })
    world.write([increment()], { token: 7 })
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is refused again after a refusal, also when it could succeed by now', () => {
    world.write([insert({ n: 1 })])
    expect(world.write([insert({ n: 2 })], { token: 7 })).toMatchObject({ code: 'constraint' })
    world.write([remove()])
    expect(world.write([insert({ n: 2 })], { token: 7, resent: true })).toMatchObject({ code: 'constraint' })
    expect(world.read(key())).toBeNull()
  })

  it('is recognised by its rows after a restart', () => {
    world.write([put({ n: 1 })])
    const first = world.write([increment(), put({ m: 1 }, key('b'))], { token: 7, returning: 'all' })
    world.restart()
    const again = world.write([increment(), put({ m: 1 }, key('b'))], {
      token: 7,
      resent: true,
      returning: 'all',
    })
    expect(again).toEqual(first)
    expect(world.read(key())).toEqual({ n: 2 })
    world.write([put({ n: 100 })])
    expect(
      world.write([increment(), put({ m: 1 }, key('b'))], { token: 7, resent: true, returning: 'all' }),
    ).toEqual(first)
    expect(world.read(key())).toEqual({ n: 100 })
  })

  it('is told that nobody knows, when nothing shows it and the instance is young', () => {
    world.write([put({ n: 1 })])
    world.restart()
    expect(world.write([increment()], { token: 7, resent: true })).toMatchObject({ code: 'outcome_unknown' })
    expect(world.read(key())).toEqual({ n: 1 })
  })

  it('is told that nobody knows, when its rows were overwritten and the instance is young', () => {
    world.write([put({ n: 1 })])
    world.write([increment()], { token: 7 })
    world.write([put({ n: 100 })])
    world.restart()
    expect(world.write([increment()], { token: 7, resent: true })).toMatchObject({ code: 'outcome_unknown' })
    expect(world.read(key())).toEqual({ n: 100 })
  })

  it('is told that nobody knows, when it deleted and the instance is young', () => {
    world.write([put({ n: 1 })])
    world.write([remove()], { token: 7 })
    world.restart()
    expect(world.write([remove()], { token: 7, resent: true })).toMatchObject({ code: 'outcome_unknown' })
  })

  it('is run by a partition that was never written to, however young', () => {
    expect(world.write([insert({ n: 1 })], { token: 7, resent: true })).toMatchObject({
      changes: [{ made: true }],
    })
  })

  it('is run when an instance that would know has never seen it', () => {
    world.write([put({ n: 1 })])
    world.now += RESEND_WINDOW + 1
    expect(world.write([increment()], { token: 7, resent: true })).toMatchObject({
      changes: [{ made: true }],
    })
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is told that nobody knows, by an instance that was replaced without knowing', () => {
    world.write([put({ n: 1 })])
    const stale = world.partition
    world.now += RESEND_WINDOW + 20_000
    const born = world.now
    world.restart()
    world.write([remove()], { token: 7, born })
    world.partition = stale
    expect(world.write([remove()], { token: 7, born, resent: true })).toMatchObject({
      code: 'outcome_unknown',
    })
  })

  it('is told that nobody knows, when the instance is younger than the write', () => {
    world.write([put({ n: 1 })])
    const born = world.now
    world.now += 5_000
    world.restart()
    world.read(key())
    world.now += RESEND_WINDOW + 1
    expect(world.write([increment()], { token: 7, born, resent: true })).toMatchObject({
      code: 'outcome_unknown',
    })
    expect(world.write([increment()], { token: 8, resent: true })).toMatchObject({
      changes: [{ made: true }],
    })
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is told that nobody knows, when it is refused before its token was looked up', () => {
    world.write([put({ n: 1 })])
    const request = {
      kind: 'write',
      changes: [increment()],
      token: 7,
      born: START,
      resent: true,
    } as const
    for (const [settings, version] of [
      [{ roots: 1, fanout: 8 }, 1],
      [{ roots: 1, fanout: 4 }, REQUEST_VERSION + 1],
    ] as const) {
      expect(world.ask(request, settings, version)).toMatchObject({ code: 'outcome_unknown' })
      expect(world.ask({ ...request, token: 8, resent: false }, settings, version)).not.toMatchObject({
        code: 'outcome_unknown',
      })
    }
    const oversize = [put(large(600_000))]
    expect(world.ask({ ...request, changes: oversize })).toMatchObject({ code: 'outcome_unknown' })
    expect(world.read(key())).toEqual({ n: 1 })
  })

  it('is remembered without what it was refused for', () => {
    world.write([insert({ n: 1 })])
    for (let i = 0; i < 100; i++) world.write([insert({ x: 'x'.repeat(400_000) })], { token: 100 + i })
    expect(world.write([insert({ n: 1 })], { token: 150, resent: true })).toMatchObject({
      code: 'constraint',
      details: { index: 0 },
    })
  })

  it('is never begun when it is older than what is remembered', () => {
    world.write([put({ n: 1 })])
    const born = world.now
    world.write([increment()], { token: 7 })
    world.now += RETENTION
    expect(world.write([increment()], { token: 7, born, resent: true })).toMatchObject({
      changes: [{ made: true }],
    })
    world.now += 1
    for (const resent of [true, false]) {
      expect(world.write([increment()], { token: 9, born, resent })).toMatchObject({
        code: 'outcome_unknown',
      })
    }
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is told that nobody knows, when several of its changes fell on one row', () => {
    const changes = [put({ n: 1 }), increment()]
    world.write(changes, { token: 7, returning: 'all' })
    world.restart()
    expect(world.write(changes, { token: 7, resent: true, returning: 'all' })).toMatchObject({
      code: 'outcome_unknown',
    })
    expect(world.read(key())).toEqual({ n: 2 })
  })

  it('is told that nobody knows, when too much was written since to remember it', () => {
    world.now += RESEND_WINDOW + 1
    world.write([put({ n: 1 })])
    world.write([increment()], { token: 7, returning: 'all' })
    world.write([put({ n: 50 })])
    for (let i = 0; i < 9; i++) {
      world.write([put(large(490_000), key('big'))], { token: 100 + i, returning: 'all' })
    }
    const again = world.write([increment()], { token: 7, resent: true, returning: 'all' })
    expect(again).toMatchObject({ code: 'outcome_unknown' })
    expect(world.read(key())).toEqual({ n: 50 })
  })
})
