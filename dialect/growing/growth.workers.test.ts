import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { openStore } from '../../engine/store.js'
import { defineDatabase, type InferDatabase, retryTransaction, scanEveryPartition, table } from '../index.js'

const DEVICES = Array.from({ length: 24 }, (_, i) => `device-${i}`)
const settings = { roots: 1, fanout: 2 }
const database = defineDatabase({
  tables: {
    readings: table<{ device: string; number: number; text: string }>()({
      hashKey: 'device',
      sortKey: 'number',
    }),
  },
  ...settings,
})
type Database = InferDatabase<typeof database>

const open = (name: string) =>
  new Kysely<Database>({ dialect: new database.FokosDialect(env, { database: name }) })

const reading = (device: string, number: number) => ({ device, number, text: `${number}`.repeat(40) })

/** Writes one reading of each device at a time, until the tree has grown. */
async function grow(name: string, devices: readonly string[], partitions: number): Promise<number> {
  const db = open(name)
  const store = openStore(env, { ...settings, database: name })
  for (let number = 0; number < 400; number++) {
    for (const device of devices) await db.insertInto('readings').values(reading(device, number)).execute()
    const tree = await store.tree()
    if (tree.filter(({ items }) => items > 0).length >= partitions) return number + 1
  }
  throw new Error('the tree has not grown')
}

describe('when partitions have split', () => {
  it('explain tells of the hops that a Worker makes which does not know yet', async () => {
    const [name, device] = ['explained', 'device-3']
    await grow(name, DEVICES, 4)
    // Another database's dialect shares nothing with the one that has written.
    const query = open(name).selectFrom('readings').selectAll().where('device', '=', device).limit(5)
    const [first] = await query.explain()
    expect(first).toMatchObject({ operation: 'query', hashKey: { device }, order: 'number', limit: 5 })
    expect(first?.partition).toMatch(/^explained\/(h\/0\.|r\/)/)
    const [again] = await query.explain()
    expect(again).toEqual({ ...first, hops: 0 })
    expect(await query.execute()).toHaveLength(5)
  })

  it('explain names each of the partitions that a statement asks', async () => {
    const name = 'explained-many'
    await grow(name, DEVICES, 4)
    const db = open(name)
    const keys = DEVICES.map((device) => ({ device, number: 0 }))
    const gets = await db
      .selectFrom('readings')
      .selectAll()
      .where((eb) => eb.or(keys.map((key) => eb.and(key))))
      .explain()
    expect(gets.length).toBeGreaterThanOrEqual(4)
    expect(gets.every(({ operation }) => operation === 'batch get')).toBe(true)
    expect(gets.flatMap((each) => each.keys ?? []).length).toBe(DEVICES.length)
    const write = db.insertInto('readings').values(DEVICES.map((device) => reading(device, 1_000)))
    const parts = await write.explain()
    expect(new Set(parts.map(({ partition }) => partition))).toEqual(
      new Set(gets.map(({ partition }) => partition)),
    )
    expect(parts.every(({ operation }) => operation === 'transaction')).toBe(true)
    expect(
      await db
        .selectFrom('readings')
        .selectAll()
        .where('device', 'in', DEVICES)
        .where('number', '=', 1_000)
        .execute(),
    ).toEqual([])
    await write.execute()
  })

  it('a promoted hash key is read in order, from either end, and explained so', async () => {
    const [name, device] = ['promoted', 'the-busy-one']
    const count = await grow(name, [device], 3)
    const all = open(name).selectFrom('readings').select('number').where('device', '=', device)
    const numbers = (rows: readonly { number: number }[]) => rows.map(({ number }) => number)
    const wanted = Array.from({ length: count }, (_, number) => number)
    expect(numbers(await all.execute())).toEqual(wanted)
    expect(numbers(await all.orderBy('number', 'desc').execute())).toEqual(wanted.toReversed())
    const [[first], [last]] = await Promise.all([all.explain(), all.orderBy('number', 'desc').explain()])
    expect(first?.partition).toMatch(/^promoted\/r\//)
    expect(last?.partition).toMatch(/^promoted\/r\//)
    expect(first?.partition).not.toBe(last?.partition)
    await retryTransaction(open(name), async (trx) => {
      const rows = await trx.selectFrom('readings').select('number').where('device', '=', device).execute()
      expect(rows.length).toBe(count)
      await trx.insertInto('readings').values(reading(device, -1)).execute()
      await trx.insertInto('readings').values(reading(device, count)).execute()
    })
    expect(numbers(await all.execute())).toEqual([-1, ...wanted, count])
  })

  it('a full scan that others write under finds all that was there from the beginning, once', async () => {
    const name = 'scanned'
    const count = await grow(name, DEVICES, 3)
    const db = open(name)
    const seen = new Map<string, number>()
    let number = count
    for await (const { rows } of scanEveryPartition(db.selectFrom('readings').select(['device', 'number']), {
      pageSize: 25,
    })) {
      for (const row of rows) {
        const key = `${row.device} ${row.number}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
      // Makes partitions split in front of the scan and behind it.
      for (const device of DEVICES.slice(0, 12)) {
        await db.insertInto('readings').values(reading(device, number)).execute()
      }
      number++
    }
    const missing = DEVICES.flatMap((device) =>
      Array.from({ length: count }, (_, i) => `${device} ${i}`).filter((key) => !seen.has(key)),
    )
    expect(missing).toEqual([])
    expect([...seen.values()].every((times) => times === 1)).toBe(true)
    await vi.waitFor(async () => {
      const tree = await openStore(env, { ...settings, database: name }).tree()
      expect(tree.filter(({ items }) => items > 0).length).toBeGreaterThan(3)
    }, 20_000)
  })
})
