import { beforeEach, describe, expect, it } from 'vitest'
import { Disk, ReplacedError } from './disk.js'

let disk: Disk
let live: ReturnType<Disk['storageFor']>
const rows = (storage = live) => [...storage.rows('SELECT n FROM t ORDER BY n')].map(([n]) => n)

beforeEach(() => {
  disk = new Disk()
  live = disk.storageFor(() => true)
  live.run('CREATE TABLE t (id INTEGER PRIMARY KEY, n)')
  disk.flush()
})

describe('what was written', () => {
  it('is there at once, and gone after a crash unless it was made durable', () => {
    live.run('INSERT INTO t VALUES (1, 1)')
    disk.flush()
    live.run('INSERT INTO t VALUES (2, 2)')
    expect(rows()).toEqual([1, 2])
    expect(disk.dirty).toBe(true)
    disk.lose()
    expect(rows()).toEqual([1])
    expect(disk.dirty).toBe(false)
  })

  it('can be a table', () => {
    live.run('CREATE TABLE u (n)')
    expect(disk.dirty).toBe(true)
    disk.lose()
    expect(() => rows(disk.storageFor(() => true))).not.toThrow()
    expect(() => live.run('INSERT INTO u VALUES (1)')).toThrow(/no such table/)
  })

  it('stays when only the statement after it throws, unless both are one section', () => {
    const fail = () => {
      live.run('INSERT INTO t VALUES (1, 1)')
      live.run('INSERT INTO t VALUES (1, 2)')
    }
    expect(fail).toThrow(/UNIQUE/)
    expect(rows()).toEqual([1])
    live.run('DELETE FROM t')
    expect(() => live.atomic(fail)).toThrow(/UNIQUE/)
    expect(rows()).toEqual([])
  })
})

describe('values', () => {
  it('come back as a Durable Object gives them', () => {
    live.run('INSERT INTO t VALUES (?, ?)', 2 ** 53 - 1, 'x')
    expect([...live.rows('SELECT id, typeof(id), typeof(?) FROM t', 1)]).toEqual([
      [2 ** 53 - 1, 'integer', 'real'],
    ])
    expect([...live.rows('SELECT 9223372036854775807')]).toEqual([[2 ** 63]])
    expect(() => live.run(`SELECT ${Array(101).fill('?')}`, ...Array(101).fill(1))).toThrow(/100/)
  })
})

describe('the bytes of a database', () => {
  const items = (storage = live) => {
    storage.run('CREATE TABLE items (hash_key BLOB, sort_key BLOB, value TEXT)')
    storage.run('CREATE TABLE large_values (value TEXT)')
    storage.run("INSERT INTO items VALUES (x'0102', x'03', 'aé')")
  }

  it('are those of the keys and values of items, be they large', () => {
    expect(live.bytes()).toBe(0)
    items()
    expect(live.bytes()).toBe(6)
    live.run("INSERT INTO items VALUES (x'01', x'03', NULL)")
    live.run("INSERT INTO large_values VALUES ('large')")
    expect(live.bytes()).toBe(13)
  })

  it('are known to an instance that was replaced, as far as they are durable', () => {
    const stale = disk.staleStorage(
      () => true,
      () => {},
    )
    items()
    expect(() => stale.bytes()).toThrow(ReplacedError)
    disk.flush()
    expect(stale.bytes()).toBe(6)
  })
})

describe('an instance that was replaced', () => {
  let failed = 0
  let stale: ReturnType<Disk['staleStorage']>
  beforeEach(() => {
    failed = 0
    stale = disk.staleStorage(
      () => true,
      () => failed++,
    )
    live.run('INSERT INTO t VALUES (1, 1)')
    disk.flush()
  })

  it('reads what is durable, and fails while there is more', () => {
    expect(rows(stale)).toEqual([1])
    live.run('INSERT INTO t VALUES (2, 2)')
    expect(() => rows(stale)).toThrow(ReplacedError)
    expect(failed).toBe(1)
  })

  it('cannot write, and leaves nothing of it', () => {
    expect(() => stale.run('UPDATE t SET n = 2')).toThrow(ReplacedError)
    expect(() =>
      stale.atomic(() => {
        stale.run('INSERT INTO t VALUES (2, 2)')
      }),
    ).toThrow(ReplacedError)
    expect(rows()).toEqual([1])
    expect(disk.dirty).toBe(false)
    expect(failed).toBe(2)
  })

  it('is not found out by writing what is there already', () => {
    stale.run('UPDATE t SET n = 1')
    expect(failed).toBe(0)
  })

  it('that has crashed cannot even read', () => {
    const dead = disk.storageFor(() => false)
    expect(() => rows(dead)).toThrow(ReplacedError)
    expect(() => dead.atomic(() => 1)).toThrow(ReplacedError)
  })
})
