import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import { defineDatabase, table, UnsupportedQueryError } from 'kysely-fokos'
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
    flights: table<{ origin: string; departs_at: Date; destination: string }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    travellers: table<{ id: string }>()({ hashKey: 'id' }),
  },
})

describe('the snippets of the docs', () => {
  it('are many', () => {
    expect(snippets.length).toBeGreaterThan(10)
  })

  it.each(snippets)('run, or are refused where they say so: $file line $line', async (snippet) => {
    const name = `snippet-${snippet.file}-${snippet.line}`
    const db = new Kysely({ dialect: new database.FokosDialect(env, { database: name }) })
    if (snippet.refused) await expect(snippet.run(db, env)).rejects.toThrow(UnsupportedQueryError)
    else await snippet.run(db, env)
  })
})
