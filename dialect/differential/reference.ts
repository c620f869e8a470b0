import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import SuperJSON from 'superjson'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Value } from '../../engine/values/value.js'
import { buildQuery } from './build-query.js'
import { makeBlock } from './make-block.js'
import { makeStatement } from './make-statement.js'
import { answeredColumns, orderedRows, type Result } from './result.js'
import { runBlock } from './run-block.js'
import type { Statement } from './statement.js'
import {
  allColumns,
  allOf,
  fromSqlite,
  keyColumns,
  makeWorld,
  sqliteType,
  toSqlite,
  type World,
} from './world.js'

/**
 * What the test asks of the reference: the statements of one seed one by one, or in so many transactions, without
 * those that were refused, by their numbers.
 */
export interface ReferenceRequest {
  readonly seed: number
  readonly run: { readonly statements: number } | { readonly blocks: number }
  readonly refused: readonly number[]
}

/** Runs the statements of a seed through Kysely's own SQLite dialect. Answers what became of each, as superjson. */
export async function runReference({ seed, run, refused }: ReferenceRequest): Promise<string> {
  const world = makeWorld(seed)
  const db = openSqlite(world)
  const random = new SeededRandom(seed)
  const results: (Result | null)[] = []
  const runNext = async (db: Kysely<unknown>, statement: Statement) => {
    results.push(refused.includes(results.length) ? null : await runStatement(db, world, statement))
  }
  if ('statements' in run) {
    for (let i = 0; i < run.statements; i++) await runNext(db, makeStatement(random, world))
  } else {
    for (let i = 0; i < run.blocks; i++) {
      await runBlock(db, makeBlock(random, world), runNext)
      await runNext(db, allOf(world, world.hash.pool))
    }
  }
  await db.destroy()
  return SuperJSON.stringify(results)
}

async function runStatement(db: Kysely<unknown>, world: World, statement: Statement): Promise<Result> {
  const columns = answeredColumns(world, statement)
  try {
    const rows = await buildQuery(db, world, statement, toSqlite).execute()
    if (columns === undefined) return { kind: 'count', count: affected(rows[0]) }
    const lists = rows.map((row: Record<string, unknown>) =>
      columns.map(({ name, kind }) => fromSqlite(row[name], kind)),
    )
    return { kind: 'rows', rows: orderedRows(statement, lists, show) }
  } catch (error) {
    if (!String(error).includes('UNIQUE constraint failed')) throw error
    return { kind: 'constraint' }
  }
}

function openSqlite(world: World): Kysely<unknown> {
  const sqlite = new DatabaseSync(':memory:')
  sqlite.exec('PRAGMA case_sensitive_like = ON')
  sqlite.exec(createTable(world))
  return new Kysely<unknown>({
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
