import { CamelCasePlugin } from 'kysely'
import { describe, expect, it } from 'vitest'
import { decodeKey } from '../../engine/keys/key-codec.js'
import type { ItemKey } from '../../engine/operations.js'
import type { PartitionName } from '../../engine/ports.js'
import type { Explanation } from './explanation.js'
import { scripted } from './scripted-client.js'

const six = new Date('2001-01-01T06:00:00Z')
const noon = new Date('2001-01-01T12:00:00Z')

/** A hash key lives in a partition of its own name; that of Chicago has split at a time of departure. */
const asked: ItemKey[] = []
const db = scripted({
  async locate(key) {
    asked.push(key)
    const [hashKey] = decodeKey(key.hashKey)
    if (hashKey !== 'ORD') return { partition: `main/h/${hashKey}` as PartitionName, hops: 0 }
    const child = Buffer.compare(key.sortKey, splitAt) < 0 ? 0 : 1
    return { partition: `main/r/ORD/${child}` as PartitionName, hops: child }
  },
})
const splitAt = Buffer.concat([
  Buffer.from([0x02, ...Buffer.from('flights'), 0, 0x40]),
  doubleBytes(noon.getTime()),
])

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  bytes[0] = (bytes[0] as number) | 0x80
  return bytes
}

const flights = () => db.selectFrom('flights').selectAll()
const sfo = () => flights().where('origin', '=', 'SFO')

describe('what a get is explained as', () => {
  it('is its key, its partition and its hops', async () => {
    const key = { origin: 'SFO', departs_at: six, destination: 'LAX' }
    expect(
      await flights()
        .where((eb) => eb.and(key))
        .explain(),
    ).toEqual([
      {
        operation: 'get',
        table: 'flights',
        keys: [key],
        filtered: false,
        partition: 'main/h/SFO',
        hops: 0,
      },
    ])
  })

  it('says whether more is asked of the row', async () => {
    const query = db.selectFrom('travellers').selectAll().where('id', '=', 'ann').where('miles', '>', 0)
    expect(await query.explain()).toMatchObject([{ operation: 'get', keys: [{ id: 'ann' }], filtered: true }])
  })

  it('is several, one for each partition, for several keys', async () => {
    const query = db.selectFrom('travellers').selectAll().where('id', 'in', ['a', 'b']).limit(3)
    expect(await query.explain()).toEqual(
      ['a', 'b'].map((id) => ({
        operation: 'batch get',
        table: 'travellers',
        keys: [{ id }],
        order: 'id',
        limit: 3,
        filtered: false,
        partition: `main/h/${id}`,
        hops: 0,
      })),
    )
  })

  it('is one for keys that live together', async () => {
    const query = sfo().where('departs_at', '=', six).where('destination', 'in', ['LAX', 'JFK'])
    expect(await query.explain()).toMatchObject([
      { operation: 'batch get', keys: [{ destination: 'JFK' }, { destination: 'LAX' }] },
    ])
  })
})

describe('what a query is explained as', () => {
  it('is its interval, its order and its limit', async () => {
    const query = sfo()
      .where('departs_at', '>=', six)
      .where('departs_at', '<', noon)
      .where('delay', '>', 60)
      .orderBy('departs_at', 'desc')
      .limit(10)
    expect(await query.explain()).toEqual([
      {
        operation: 'query',
        table: 'flights',
        hashKey: { origin: 'SFO' },
        from: { departs_at: six },
        before: { departs_at: noon },
        order: 'departs_at desc, destination desc',
        limit: 10,
        filtered: true,
        partition: 'main/h/SFO',
        hops: 0,
      },
    ])
  })

  it.each<[string, () => ReturnType<typeof sfo>, Pick<Explanation, 'from' | 'after' | 'to' | 'before'>]>([
    ['all rows', sfo, {}],
    ['an open lower bound', () => sfo().where('departs_at', '>', six), { after: { departs_at: six } }],
    ['a closed upper bound', () => sfo().where('departs_at', '<=', six), { to: { departs_at: six } }],
    [
      'a prefix',
      () => sfo().where('departs_at', '=', six),
      { from: { departs_at: six }, to: { departs_at: six } },
    ],
    [
      'a prefix and a range',
      () => sfo().where('departs_at', '=', six).where('destination', '>', 'L'),
      { after: { departs_at: six, destination: 'L' }, to: { departs_at: six } },
    ],
    [
      'a prefix and a range without a lower bound',
      () => sfo().where('departs_at', '=', six).where('destination', '<', 'L'),
      { from: { departs_at: six }, before: { departs_at: six, destination: 'L' } },
    ],
    [
      'texts that start alike',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'LA%'),
      { from: { departs_at: six, destination: 'LA' }, before: { departs_at: six, destination: 'LB' } },
    ],
    [
      'texts that start alike, with no text right behind them',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'Lÿ%'),
      { from: { departs_at: six, destination: 'Lÿ' }, to: { departs_at: six, destination: 'L' } },
    ],
    [
      'a keyset',
      () => sfo().where((eb) => eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(six, 'LAX'))),
      { after: { departs_at: six, destination: 'LAX' } },
    ],
  ])('shows the bounds of %s', async (_, query, bounds) => {
    const [{ operation, from, after, to, before }] = (await query().explain()) as [Explanation]
    expect(operation).toBe('query')
    expect({ from, after, to, before }).toEqual({
      from: undefined,
      after: undefined,
      to: undefined,
      before: undefined,
      ...bounds,
    })
  })

  it('is one for each of several intervals', async () => {
    const query = flights().where('origin', 'in', ['SFO', 'OAK']).orderBy('departs_at')
    expect(await query.explain()).toMatchObject([
      {
        operation: 'query',
        hashKey: { origin: 'SFO' },
        order: 'departs_at, destination, origin',
        partition: 'main/h/SFO',
      },
      { operation: 'query', hashKey: { origin: 'OAK' }, partition: 'main/h/OAK' },
    ])
  })

  it('names the partition in which its interval begins, from whichever end', async () => {
    const ord = flights().where('origin', '=', 'ORD')
    const partitionOf = async (query: typeof ord) => {
      const [{ partition, hops }] = (await query.explain()) as [Explanation]
      return [partition, hops]
    }
    expect(await partitionOf(ord)).toEqual(['main/r/ORD/0', 0])
    expect(await partitionOf(ord.orderBy('departs_at', 'desc'))).toEqual(['main/r/ORD/1', 1])
    expect(await partitionOf(ord.where('departs_at', '<', noon).orderBy('departs_at', 'desc'))).toEqual([
      'main/r/ORD/0',
      0,
    ])
    expect(await partitionOf(ord.where('departs_at', '>=', noon))).toEqual(['main/r/ORD/1', 1])
  })

  it('is nothing when its conditions can never hold', async () => {
    asked.length = 0
    expect(await sfo().where('origin', '=', 'OAK').explain()).toEqual([
      { operation: 'nothing', table: 'flights' },
    ])
    expect(asked).toEqual([])
  })
})

describe('what a write is explained as', () => {
  const row = (origin: string) => ({ origin, departs_at: six, destination: 'LAX', seats: 1 })

  it('is what it would change, in one partition or several', async () => {
    expect(await db.insertInto('flights').values(row('SFO')).explain()).toEqual([
      {
        operation: 'write',
        table: 'flights',
        change: 'insert',
        keys: [{ origin: 'SFO', departs_at: six, destination: 'LAX' }],
        filtered: false,
        partition: 'main/h/SFO',
        hops: 0,
      },
    ])
    const several = db.insertInto('flights').values([row('SFO'), row('OAK'), row('SFO')])
    expect(await several.explain()).toMatchObject([
      { operation: 'transaction', keys: [{ origin: 'SFO' }, { origin: 'SFO' }], partition: 'main/h/SFO' },
      { operation: 'transaction', keys: [{ origin: 'OAK' }], partition: 'main/h/OAK' },
    ])
  })

  it('is rows also where the write itself would answer a count, or rows of its own', async () => {
    const update = db.updateTable('travellers').set({ miles: 1 }).where('id', '=', 'a').where('miles', '<', 1)
    const wanted = [{ operation: 'write', change: 'update', keys: [{ id: 'a' }], filtered: true }]
    expect(await update.explain()).toMatchObject(wanted)
    expect(await update.returning('miles').explain()).toMatchObject(wanted)
    const removal = db.deleteFrom('travellers').where('id', '=', 'a')
    expect(await removal.explain()).toMatchObject([{ change: 'delete', filtered: false }])
    expect(await db.replaceInto('travellers').values({ id: 'a' }).explain()).toMatchObject([
      { change: 'put' },
    ])
    const never = db.deleteFrom('travellers').where('id', 'in', [])
    expect(await never.explain()).toEqual([{ operation: 'nothing', table: 'travellers' }])
  })
})

describe('explain', () => {
  it('refuses what the query is refused for', async () => {
    await expect(flights().explain()).rejects.toMatchObject({ code: 'missing_hash_key' })
    await expect(db.deleteFrom('flights').explain()).rejects.toMatchObject({ code: 'missing_hash_key' })
  })

  it('goes through plugins', async () => {
    const camel = db.withPlugin(new CamelCasePlugin())
    const query = camel.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
    expect(await query.where('departsAt', '>', six).explain()).toMatchObject([
      { hashKey: { origin: 'SFO' }, after: { departsAt: six } },
    ])
  })

  it('asks for one place at a time in a transaction too, and reads and writes nothing', async () => {
    const trying = scripted({
      begin: () => ({ abandon() {}, commit: async () => {} }) as never,
      locate: async () => ({ partition: 'main/h/7' as PartitionName, hops: 2 }),
    })
    const explained = await trying
      .transaction()
      .execute(async (trx) => [
        ...(await trx.selectFrom('travellers').selectAll().where('id', '=', 'a').explain()),
        ...(await trx.deleteFrom('travellers').where('id', '=', 'a').explain()),
      ])
    expect(explained).toMatchObject([
      { operation: 'get', partition: 'main/h/7', hops: 2 },
      { operation: 'write', change: 'delete' },
    ])
  })

  it('is shown to loggers as what it is', async () => {
    const executor = db.getExecutor()
    const node = { ...sfo().toOperationNode(), explain: { kind: 'ExplainNode' } } as never
    const compiled = executor.compileQuery(node, { queryId: 'q' } as never)
    expect(compiled.sql).toBe('explain select * from "flights" where "origin" = ?')
    expect(compiled).toMatchObject({ operation: { kind: 'explain', operation: { kind: 'query' } } })
    // A copy of it explains too.
    const { rows } = await db.executeQuery({ ...structuredClone({ ...compiled }) })
    expect(rows).toMatchObject([{ operation: 'query' }])
  })
})
