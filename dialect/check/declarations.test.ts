import { afterAll, describe, expect, it } from 'vitest'
import type { Findings } from './findings.js'
import { makeProject } from './test-project.js'

/** A declaration that does more than to say where rows live. */
const DATABASE = `
import { defineDatabase, type InferDatabase, table, ulid } from 'kysely-fokos'
import * as z from 'zod'
const session = z.object({ id: z.string().min(20), user: z.email(), seen_at: z.date().nullable(), state: z.string() })
const limits = { roots: 4 }
export const database = defineDatabase({
  tables: {
    sessions: table<{ id: string; user: string; seen_at: Date | null; state: string }>()({
      hashKey: 'user',
      sortKey: 'id',
      expiresAt: 'seen_at',
      defaults: { id: ulid, seen_at: () => new Date(), state: 'new' },
      validate: session,
    }),
    counters: table<{ id: string; n: number }>()({ hashKey: 'id', defaults: { id: () => crypto.randomUUID(), n: 0 } }),
  },
  ...limits,
})
export type Database = InferDatabase<typeof database>
`

const QUERIES = `
import type { Kysely } from 'kysely'
import type { Database } from './database.js'
export async function run(db: Kysely<Database>, user: string, before: Date) {
  await db.insertInto('sessions').values({ user }).execute()
  await db.insertInto('sessions').values({ user, id: 'short' }).execute()
  await db.insertInto('counters').defaultValues().execute()
  await (db as any).insertInto('sessions').defaultValues().execute()
  await db.deleteFrom('sessions').where('user', '=', user).where('seen_at', '<', before).execute()
  await db.updateTable('sessions').set({ seen_at: null }).where('user', '=', user).where('id', '>', 'a').returningAll().execute()
  await db.selectFrom('sessions').select((eb) => ['id', eb.fn.countAll().as('n')]).where('user', '=', user).groupBy('id').limit(3).execute()
  await db.selectFrom('sessions').select('user').distinct().where('user', 'in', [user]).execute()
  await db.selectFrom('sessions').select((eb) => eb.fn.countAll().as('n')).where('user', 'in', [user]).execute()
  await db.selectFrom('sessions').selectAll().where('user', '=', user).limit(5).offset(5).execute()
}
`

describe('the check of what is declared', () => {
  const project = makeProject({ 'src/database.ts': DATABASE, 'src/queries.ts': QUERIES })
  afterAll(() => project.remove())
  const findings = JSON.parse(project.run('check', '--format', 'json').output) as Findings
  const { patterns } = JSON.parse(
    `{"patterns":${project.run('check', '--explain', '--format', 'json').output}}`,
  ) as Findings

  it('asks nothing of validators and defaults, and follows all', () => {
    expect(findings.notFollowed).toEqual([])
    expect(findings.refused.map(({ code }) => code)).toEqual(['default_values', 'aggregate_over_several'])
  })

  it('says what aggregates and writes of intervals become', () => {
    expect([...new Set(patterns.map(({ pattern }) => pattern))].sort()).toEqual([
      'count of sessions by user; group by id; limit',
      'delete all of sessions by user; filtered',
      'distinct of sessions by user; group by user',
      'insert into counters',
      'insert into sessions',
      'query sessions by user; limit; offset',
      'update all of sessions by user, id after; returning',
    ])
  })
})
