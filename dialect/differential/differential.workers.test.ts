import { env } from 'cloudflare:workers'
import { Kysely } from 'kysely'
import SuperJSON from 'superjson'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import { openStore } from '../../engine/store.js'
import type { Value } from '../../engine/values/value.js'
import { ConstraintError, defineDatabase, scanEveryPartition, UnsupportedQueryError } from '../index.js'
import type { TableDeclaration } from '../schema/table.js'
import type { Block } from './block.js'
import { buildQuery } from './build-query.js'
import { makeBlock } from './make-block.js'
import { makeStatement } from './make-statement.js'
import type { ReferenceRequest } from './reference.js'
import { answeredColumns, orderedRows, type Result } from './result.js'
import { runBlock } from './run-block.js'
import type { Statement } from './statement.js'
import { allOf, makeWorld, type World } from './world.js'

interface Bindings {
  readonly REFERENCE: { fetch(url: string, init: { method: string; body: string }): Promise<Response> }
  readonly DIFFERENTIAL_SEED: number
  readonly DIFFERENTIAL_WORLDS: number
  /** Few, where partitions are to split. */
  readonly DIFFERENTIAL_ROOTS?: number
}

const { REFERENCE, DIFFERENTIAL_SEED, DIFFERENTIAL_WORLDS, DIFFERENTIAL_ROOTS } = env as unknown as Bindings

/** Whether the Durable Objects are those that split as early as they can. */
const GROWS = DIFFERENTIAL_ROOTS !== undefined
const settings = GROWS ? { roots: DIFFERENTIAL_ROOTS, fanout: 2 } : {}

/** Statements per random table. */
const STATEMENTS = GROWS ? 400 : 120

/** Transactions per random table. */
const BLOCKS = GROWS ? 60 : 20

const seeds = Array.from({ length: DIFFERENTIAL_WORLDS }, (_, i) => DIFFERENTIAL_SEED + i)
const tally = {
  statements: 0,
  inBlocks: 0,
  refused: 0,
  refusedInBlocks: 0,
  committed: 0,
  rolledBack: 0,
  splits: 0,
}

it.each(seeds)('answers as SQLite does, seed %i', async (seed) => {
  const comparison = new Comparison(seed, 'differential')
  const random = new SeededRandom(seed)
  for (let i = 0; i < STATEMENTS; i++) {
    await comparison.run(comparison.db, makeStatement(random, comparison.world))
  }
  await comparison.compare({ statements: STATEMENTS })
  tally.statements += comparison.ran
  tally.refused += comparison.refused.length
})

it.each(seeds)(
  'answers in transactions as SQLite does, and leaves what SQLite leaves, seed %i',
  async (seed) => {
    const comparison = new Comparison(seed, 'differential-blocks')
    const { db, world } = comparison
    const random = new SeededRandom(seed)
    for (let i = 0; i < BLOCKS; i++) {
      const block = makeBlock(random, world)
      await runBlock(db, block, (trx, statement) => comparison.run(trx, statement, block))
      await comparison.run(db, allOf(world, world.hash.pool), block)
      tally[block.committed ? 'committed' : 'rolledBack']++
    }
    await comparison.compare({ blocks: BLOCKS })
    tally.inBlocks += comparison.ran
    tally.refusedInBlocks += comparison.refused.length
  },
)

it('ran enough statements', () => {
  const { splits, statements, refused, inBlocks, refusedInBlocks, committed, rolledBack } = tally
  console.log(
    `differential: seeds ${seeds[0]} to ${seeds.at(-1)}, ${statements} statements ran, ${refused} refused; ` +
      `${inBlocks} in ${committed} transactions committed and ${rolledBack} not, ${refusedInBlocks} refused; ${splits} partitions split`,
  )
  expect(statements).toBeGreaterThan((STATEMENTS * DIFFERENTIAL_WORLDS) / 2)
  expect(inBlocks).toBeGreaterThan(BLOCKS * DIFFERENTIAL_WORLDS * 2)
  // Most of what is generated can be planned: a compiler that refuses everything would agree with everybody.
  expect(refused).toBeLessThan((STATEMENTS * DIFFERENTIAL_WORLDS) / 10)
  expect(refusedInBlocks).toBeLessThan(inBlocks / 10)
  if (GROWS) expect(splits).toBeGreaterThan(DIFFERENTIAL_WORLDS / 4)
})

/** What was run here, to be compared with what SQLite makes of the same. */
class Comparison {
  readonly world: World
  readonly db: Kysely<unknown>
  /** The numbers of the statements that were refused. */
  readonly refused: number[] = []
  readonly #seed: number
  readonly #database: string
  readonly #results: (Result | null)[] = []
  /** What tells of each statement. */
  readonly #shown: (() => string)[] = []

  constructor(seed: number, database: string) {
    this.#seed = seed
    this.#database = `${database}-${seed}`
    this.world = makeWorld(seed)
    this.db = openDatabase(this.world, this.#database)
  }

  get ran(): number {
    return this.#results.length - this.refused.length
  }

  /** @param block in which it is run, or after which. */
  async run(db: Kysely<unknown>, statement: Statement, block?: Block): Promise<void> {
    const result = await run(db, this.world, statement)
    if (result === null) this.refused.push(this.#results.length)
    this.#results.push(result)
    this.#shown.push(() => {
      const sql =
        result === null ? '' : buildQuery(this.db, this.world, statement, (value) => value).compile().sql
      return `${sql}\n${SuperJSON.stringify(statement)}${block === undefined ? '' : `\nin ${showBlock(block)}`}`
    })
  }

  async compare(run: ReferenceRequest['run']): Promise<void> {
    const request: ReferenceRequest = { seed: this.#seed, run, refused: this.refused }
    const answer = await REFERENCE.fetch('http://reference/', {
      method: 'POST',
      body: JSON.stringify(request),
    })
    const text = await answer.text()
    await this.#compareScan()
    const tree = await openStore(env, { ...settings, database: this.#database }).tree()
    tally.splits += tree.filter(({ children, promoted }) => children.length + promoted.length > 0).length
    expect(answer.ok, text).toBe(true)
    const expected = SuperJSON.parse<(Result | null)[]>(text)
    this.#results.forEach((result, i) => {
      expect(result, `seed ${this.#seed}, statement ${i}: ${this.#shown[i]?.()}`).toEqual(expected[i])
    })
    expect(this.#results.length).toBe(expected.length)
  }

  /** A full scan finds what is found by all hash keys that there may be, whatever has split. */
  async #compareScan(): Promise<void> {
    const { table, hash } = this.world
    // biome-ignore lint/suspicious/noExplicitAny: a random table
    const rows = (this.db as Kysely<any>).selectFrom(table).selectAll()
    const found = await rows.where(hash.name, 'in', hash.pool).execute()
    const scanned: unknown[] = []
    for await (const page of scanEveryPartition(rows, { pageSize: 7 })) scanned.push(...page.rows)
    const texts = (list: readonly unknown[]) => list.map((row) => SuperJSON.stringify(row)).sort()
    expect(texts(scanned), `seed ${this.#seed}`).toEqual(texts(found))
  }
}

function showBlock({ how, steps, committed }: Block): string {
  const shown = steps.map((step) =>
    step.kind === 'statement' ? SuperJSON.stringify(step.statement) : `${step.kind} ${step.name}`,
  )
  return [`a block, ${how}, ${committed ? 'committed' : 'not committed'}:`, ...shown].join('\n  ')
}

function openDatabase(world: World, database: string): Kysely<unknown> {
  const declaration: TableDeclaration<object, string, string> = {
    hashKey: world.hash.name,
    sortKey: world.sort.map(({ name }) => name),
  }
  const { FokosDialect } = defineDatabase({ tables: { [world.table]: declaration }, ...settings })
  return new Kysely({ dialect: new FokosDialect(env, { database }) })
}

/** Nothing when the compiler refuses the statement. */
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
