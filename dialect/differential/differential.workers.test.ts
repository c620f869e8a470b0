import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import SuperJSON from 'superjson'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Value } from '../../engine/values/value.js'
import { ConstraintError, defineDatabase, UnsupportedQueryError } from '../index.js'
import type { TableDeclaration } from '../schema/table.js'
import { buildQuery } from './build-query.js'
import { makeStatement } from './make-statement.js'
import { answeredColumns, orderedRows, type Result } from './result.js'
import type { Statement } from './statement.js'
import { makeWorld, type World } from './world.js'

interface Bindings {
  readonly REFERENCE: { fetch(url: string, init: { method: string; body: string }): Promise<Response> }
  readonly DIFFERENTIAL_SEED: number
  readonly DIFFERENTIAL_WORLDS: number
}

const { REFERENCE, DIFFERENTIAL_SEED, DIFFERENTIAL_WORLDS } = env as unknown as Bindings

/** Statements per random table. */
const STATEMENTS = 120

const seeds = Array.from({ length: DIFFERENTIAL_WORLDS }, (_, i) => DIFFERENTIAL_SEED + i)
const tally = { ran: 0, refused: 0 }

it.each(seeds)('answers as SQLite does, seed %i', async (seed) => {
  const world = makeWorld(seed)
  const random = new SeededRandom(seed)
  const db = openDatabase(world, seed)
  const statements: Statement[] = []
  const results: (Result | null)[] = []
  const refused: number[] = []
  for (let i = 0; i < STATEMENTS; i++) {
    const statement = makeStatement(random, world)
    statements.push(statement)
    const result = await run(db, world, statement)
    results.push(result)
    if (result === null) refused.push(i)
  }
  const answer = await REFERENCE.fetch('http://reference/', {
    method: 'POST',
    body: JSON.stringify({ seed, statements: STATEMENTS, refused }),
  })
  const text = await answer.text()
  expect(answer.ok, text).toBe(true)
  const expected = SuperJSON.parse<(Result | null)[]>(text)
  results.forEach((result, i) => {
    const sql =
      result === null ? '' : buildQuery(db, world, statements[i] as Statement, (value) => value).compile().sql
    expect(result, `seed ${seed}, statement ${i}: ${sql}\n${SuperJSON.stringify(statements[i])}`).toEqual(
      expected[i],
    )
  })
  tally.ran += STATEMENTS - refused.length
  tally.refused += refused.length
})

it('ran enough statements', () => {
  console.log(
    `differential: seeds ${seeds[0]} to ${seeds.at(-1)}, ${tally.ran} statements ran, ${tally.refused} refused`,
  )
  expect(tally.ran).toBeGreaterThan((STATEMENTS * DIFFERENTIAL_WORLDS) / 2)
  // Most of what is generated can be planned: a compiler that refuses everything would agree with everybody.
  expect(tally.refused).toBeLessThan((STATEMENTS * DIFFERENTIAL_WORLDS) / 10)
})

function openDatabase(world: World, seed: number): Kysely<unknown> {
  const declaration: TableDeclaration<object, string, string> = {
    hashKey: world.hash.name,
    sortKey: world.sort.map(({ name }) => name),
  }
  const { FokosDialect } = defineDatabase({ tables: { [world.table]: declaration } })
  return new Kysely({ dialect: new FokosDialect(env, { database: `differential-${seed}` }) })
}

/** Nothing when the statement is refused: by the compiler, or because its rows lie in several partitions. */
async function run(db: Kysely<unknown>, world: World, statement: Statement): Promise<Result | null> {
  const query = buildQuery(db, world, statement, (value) => value)
  try {
    query.compile()
  } catch (error) {
    if (error instanceof UnsupportedQueryError) return null
    throw error
  }
  try {
    const rows = await query.execute()
    const columns = answeredColumns(world, statement)
    if (columns === undefined) {
      const { numInsertedOrUpdatedRows, numUpdatedRows, numDeletedRows } = rows[0]
      return { kind: 'count', count: numInsertedOrUpdatedRows ?? numUpdatedRows ?? numDeletedRows }
    }
    const lists = rows.map((row: Record<string, Value>) => columns.map(({ name }) => row[name] ?? null))
    return { kind: 'rows', rows: orderedRows(statement, lists, SuperJSON.stringify) }
  } catch (error) {
    if (error instanceof ConstraintError) return { kind: 'constraint' }
    throw error
  }
}
