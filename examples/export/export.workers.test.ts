import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Database, FokosDialect } from './database.js'
import { type ExportRequest, exportLines } from './export-lines.js'
import { measure } from './measure.js'
import { wholePages } from './whole-pages.js'

const DEVICES = Array.from({ length: 40 }, (_, i) => `device-${i}`)
const db = new Kysely<Database>({ dialect: new FokosDialect(env, { database: 'export' }) })

/** Takes an export as far as it goes in one request. */
async function request(asked: ExportRequest) {
  const rows: { device: string; at: string }[] = []
  let cursor: string | undefined
  for await (const page of wholePages(exportLines(db, asked))) {
    rows.push(...page.rows.map((row) => JSON.parse(row)))
    cursor = page.cursor
  }
  return { rows, cursor }
}

function keysOf(rows: readonly { device: string; at: string }[]): string[] {
  return [...new Set(rows.map(({ device, at }) => `${device} ${at}`))]
}

describe('an export', () => {
  beforeAll(async () => {
    await Promise.all(DEVICES.map((device) => measure(db, device, 25)))
  })

  it('has every row once', async () => {
    const { rows, cursor } = await request({})
    expect(rows.length).toBe(1_000)
    expect(keysOf(rows).length).toBe(1_000)
    expect(cursor).toBeUndefined()
  })

  it('has every row once in parts, in many requests, and when what came last is asked for again', async () => {
    const parts = await Promise.all(
      [0, 1, 2].map(async (segment) => {
        const rows: { device: string; at: string }[] = []
        const part = { segment, segments: 3, pageSize: 30 }
        for (let cursor: string | undefined; ; ) {
          const from = cursor === undefined ? part : { ...part, cursor }
          // What arrived of a page that was cut off is of no use.
          await exportLines(db, from).next()
          const got = await request({ ...from, pages: 2 })
          rows.push(...got.rows)
          cursor = got.cursor
          if (cursor === undefined) return rows
        }
      }),
    )
    expect(parts.flat().length).toBe(1_000)
    expect(keysOf(parts.flat()).length).toBe(1_000)
    expect(parts.every((rows) => rows.length > 0)).toBe(true)
  })

  it('leaves out what comes behind the last whole page', async () => {
    const torn = (async function* () {
      yield '{"device":"a"}\n{"cursor":"x"}\n{"dev'
      yield 'ice":"b"}\n'
    })()
    const pages: unknown[] = []
    for await (const page of wholePages(torn)) pages.push(page)
    expect(pages).toEqual([{ rows: ['{"device":"a"}'], cursor: 'x' }])
  })
})
