import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import SuperJSON from 'superjson'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Value } from '../../engine/values/value.js'
import { buildQuery } from './build-query.js'
import { makeStatement } from './make-statement.js'
import { answeredColumns, orderedRows, type Result } from './result.js'
import { allColumns, fromSqlite, keyColumns, makeWorld, sqliteType, toSqlite, type World } from './world.js'

/** What the test asks of the reference: the statements of one seed, without those that were refused. */
export interface ReferenceRequest {
  readonly seed: number
  readonly statements: number
  readonly refused: readonly number[]
}

/** Runs the statements of a seed through Kysely's own SQLite dialect. Answers what became of each, as superjson. */
export async function runReference({ seed, statements, refused }: ReferenceRequest): Promise<string> {
  const world = makeWorld(seed)
  const sqlite = new DatabaseSync(':memory:')
  sqlite.exec('PRAGMA case_sensitive_like = ON')
  sqlite.exec(createTable(world))
  const db = new Kysely<unknown>({
    dialect: new SqliteDialect({
      database: {
        close: () => sqlite.close(),
        prepare(sql) {
          const statement = sqlite.prepare(sql)
          statement.setReadBigInts(true)
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...(parameters as never[])),
            run: (parameters) => statement.run(...(parameters as never[])),
            iterate: (parameters) => statement.iterate(...(parameters as never[])),
          }
        },
      },
    }),
  })
  const random = new SeededRandom(seed)
  const results: (Result | null)[] = []
  for (let i = 0; i < statements; i++) {
    const statement = makeStatement(random, world)
    if (refused.includes(i)) {
      results.push(null)
      continue
    }
    const columns = answeredColumns(world, statement)
    try {
      const rows = await buildQuery(db, world, statement, toSqlite).execute()
      results.push(
        columns === undefined
          ? { kind: 'count', count: affected(rows[0]) }
          : {
              kind: 'rows',
              rows: orderedRows(
                statement,
                rows.map((row: Record<string, unknown>) =>
                  columns.map(({ name, kind }) => fromSqlite(row[name], kind)),
                ),
                show,
              ),
            },
      )
    } catch (error) {
      if (!String(error).includes('UNIQUE constraint failed')) throw error
      results.push({ kind: 'constraint' })
    }
  }
  await db.destroy()
  return SuperJSON.stringify(results)
}

/** A row as text: what rows are sorted by that have no order. */
export function show(row: readonly Value[]): string {
  return SuperJSON.stringify(row)
}

export function affected(result: Record<string, bigint | undefined>): bigint {
  return result.numInsertedOrUpdatedRows ?? result.numUpdatedRows ?? result.numDeletedRows ?? 0n
}

function createTable(world: World): string {
  const quote = (name: string) => `"${name}"`
  const columns = allColumns(world).map(({ name, kind }) => `${quote(name)} ${sqliteType(kind)}`)
  const key = keyColumns(world).map(({ name }) => quote(name))
  return `CREATE TABLE ${quote(world.table)} (${columns.join(', ')}, PRIMARY KEY (${key.join(', ')}))`
}
