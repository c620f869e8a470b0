import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { defineDatabase, type InferDatabase, table, UnsupportedQueryError } from 'kysely-fokos'
import { describe, expect, it } from 'vitest'

interface Runnable {
  readonly file: string
  readonly line: number
  readonly refused: boolean
  run(db: unknown, env: object): Promise<void>
}

// Made of the pages themselves, by the test runner's configuration.
const { snippets } = (await import('virtual:snippets.ts' as string)) as { snippets: readonly Runnable[] }

const database = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string; seats: number; delay: null }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    travellers: table<{ id: string; name: string; miles: number }>()({ hashKey: 'id' }),
  },
})

/** Its snippets are about rows that are there. */
const WITH_ROWS = 'docs/transactions.md'

async function insertRows(db: Kysely<InferDatabase<typeof database>>): Promise<void> {
  const departs_at = new Date('2001-01-01T08:10Z')
  await db
    .insertInto('flights')
    .values({ origin: 'SFO', departs_at, destination: 'LAX', seats: 2, delay: null })
    .execute()
  await db
    .insertInto('travellers')
    .values([
      { id: 'ann', name: 'Ann', miles: 1_000 },
      { id: 'bob', name: 'Bob', miles: 0 },
    ])
    .execute()
}

describe('the snippets of the docs', () => {
  it('are many', () => {
    expect(snippets.length).toBeGreaterThan(10)
  })

  it.each(snippets)('run, or are refused where they say so: $file line $line', async (snippet) => {
    const name = `snippet-${snippet.file}-${snippet.line}`
    const db = new Kysely<InferDatabase<typeof database>>({
      dialect: new database.FokosDialect(env, { database: name }),
    })
    if (snippet.file === WITH_ROWS) await insertRows(db)
    if (snippet.refused) await expect(snippet.run(db, env)).rejects.toThrow(UnsupportedQueryError)
    else await snippet.run(db, env)
  })
})
