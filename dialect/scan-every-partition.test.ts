import { CamelCasePlugin, type KyselyPlugin } from 'kysely'
import { describe, expect, it } from 'vitest'
import { decodeKey } from '../engine/keys/key-codec.js'
import type { Item } from '../engine/values/value.js'
import type { DriverClient } from './driver/driver-client.js'
import { pagesOf, scripted } from './driver/scripted-client.js'
import { InternalError, scanEveryPartition } from './index.js'

/** Kysely 0.29.0 hands out only what the last of several plugins makes of a result. */
const oneResult = process.env.KYSELY_PACKAGE === 'kysely-0.29.0'

type ScanRequest = NonNullable<Parameters<DriverClient['scan']>[0]>

type WithinTable = Required<Pick<ScanRequest, 'within'>>

function open(...pages: readonly (readonly Item[])[]) {
  const asked: ScanRequest[] = []
  let taken = 0
  const db = scripted({
    scan(request = {}) {
      asked.push(request)
      return (async function* () {
        for await (const page of pagesOf(...pages)) {
          taken++
          yield page
        }
      })()
    },
  })
  return { db, asked, taken: () => taken }
}

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const page of pages) list.push(page)
  return list
}

const rows = (...ids: string[]) => ids.map((id) => ({ id }))

describe('a full scan', () => {
  it('gives pages, each with where to go on, and nothing behind the last', async () => {
    const { db } = open(rows('a', 'b'), [], rows('c'))
    expect(await all(scanEveryPartition(db.selectFrom('travellers').selectAll()))).toEqual([
      { rows: rows('a', 'b'), cursor: 'after-0' },
      { rows: [], cursor: 'after-1' },
      { rows: rows('c'), cursor: undefined },
    ])
  })

  it('asks for the rows of its table, with what it filters and selects', async () => {
    const { db, asked } = open([])
    const query = db.selectFrom('flights').select('seats as s').where('delay', '>', 60)
    const options = { segment: 2, segments: 4, cursor: 'x', pageSize: 50 }
    await all(scanEveryPartition(query, options))
    expect(asked).toMatchObject([
      {
        ...options,
        filter: { kind: 'compare', operator: '>' },
        projection: [{ kind: 'as', name: 's', value: { kind: 'column', column: 'seats' } }],
      },
    ])
    expect(decodeKey((asked[0] as WithinTable).within.from)).toEqual(['flights'])
    expect((asked[0] as WithinTable).within.to.at(-1)).toBe(0xff)
  })

  it('has pages of 500 rows, and neither segments nor cursor, if nothing is said', async () => {
    const { db, asked } = open([])
    await all(scanEveryPartition(db.selectFrom('travellers').selectAll()))
    expect(Object.keys(asked[0] as ScanRequest).sort()).toEqual(['pageSize', 'within'])
    expect(asked[0]?.pageSize).toBe(500)
  })

  it('looks at sort keys alone that its conditions can hold for', async () => {
    const { db, asked } = open([])
    const six = new Date('2001-01-01T06:00:00Z')
    const late = db.selectFrom('flights').selectAll().where('departs_at', '>=', six)
    await all(scanEveryPartition(late))
    expect(decodeKey((asked[0] as WithinTable).within.from)).toEqual(['flights', six])
    await all(
      scanEveryPartition(
        late.where((eb) => eb.or([eb('origin', '=', 'SFO'), eb('destination', '=', 'LAX')])),
      ),
    )
    expect(decodeKey((asked[1] as WithinTable).within.from)).toEqual(['flights', six])
    expect(asked[1]).toMatchObject({ filter: { kind: 'and' } })
  })

  it('asks nobody when its conditions can never hold', async () => {
    const { db, asked } = open(rows('a'))
    const never = db.selectFrom('travellers').selectAll().where('miles', '>', 1).where('id', 'in', [])
    expect(await all(scanEveryPartition(never))).toEqual([{ rows: [], cursor: undefined }])
    expect(asked).toEqual([])
  })

  it('reads a page when the one before it was taken, and no more than are taken', async () => {
    const { db, taken } = open(rows('a'), rows('b'), rows('c'))
    const read: unknown[] = []
    for await (const page of scanEveryPartition(db.selectFrom('travellers').selectAll())) {
      read.push(...page.rows)
      expect(taken()).toBe(read.length)
      if (read.length === 2) break
    }
    expect(taken()).toBe(2)
  })

  it.skipIf(oneResult)('goes through plugins, which see rows', async () => {
    const { db } = open([{ origin: 'SFO', departs_at: 1 }])
    const camel = db.withPlugin(new CamelCasePlugin())
    const query = camel.selectFrom('flights').selectAll().where('departsAt', '>', 0)
    expect(await all(scanEveryPartition(query))).toEqual([
      { rows: [{ origin: 'SFO', departsAt: 1 }], cursor: undefined },
    ])
  })

  it.skipIf(oneResult)('does not take a plugin that drops its cursor for its end', async () => {
    const careless: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result: { rows } }) => ({ rows }),
    }
    const query = open(rows('a'), rows('b')).db.withPlugin(careless).selectFrom('travellers').selectAll()
    await expect(all(scanEveryPartition(query))).rejects.toThrow(InternalError)
  })

  it('is refused in a transaction', async () => {
    const db = scripted({ begin: () => ({ abandon() {} }) as never })
    const scanning = db.transaction().execute(async (trx) => {
      await all(scanEveryPartition(trx.selectFrom('travellers').selectAll()))
    })
    await expect(scanning).rejects.toMatchObject({ code: 'scan_in_transaction' })
  })

  it('is refused at once, and not when it is read', () => {
    const { db } = open([])
    const query = db.selectFrom('travellers').selectAll()
    expect(() => scanEveryPartition(query.limit(1))).toThrow(expect.objectContaining({ code: 'scan_order' }))
    let refusal: Error | undefined
    try {
      scanEveryPartition(query.where('id', '=', 'a'))
    } catch (error) {
      refusal = error as Error
    }
    expect(refusal).toMatchObject({ code: 'scan_of_hash_key' })
    const frames = refusal?.stack?.split('\n').filter((line) => line.trim().startsWith('at ')) ?? []
    expect(frames.slice(0, 5).join('\n')).toContain('scan-every-partition.test.ts')
  })

  it('knows its options', () => {
    const query = open([]).db.selectFrom('travellers').selectAll()
    expect(() => scanEveryPartition(query, { limit: 7 } as never)).toThrow(/no option "limit"/)
  })
})
