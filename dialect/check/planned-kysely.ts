import {
  CamelCasePlugin,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyPlugin,
  type QueryCompiler,
  type QueryId,
  type RootOperationNode,
} from 'kysely'
import {
  compilationOf,
  type FokosCompiledQuery,
  FokosQueryCompiler,
} from '../compiler/fokos-query-compiler.js'
import { FokosAdapter } from '../driver/fokos-adapter.js'
import { FokosIntrospector } from '../driver/fokos-introspector.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'

/** What a Kysely of the checked program is to the check: the real one, with the real compiler, that never executes. */
export interface KyselyFacts {
  readonly schema: DatabaseSchema
  readonly plugins: readonly KyselyPlugin[]
  /** Whether its queries are those of a transaction. */
  readonly inTransaction: boolean
}

/** What became of a query that was compiled. */
export interface Planned {
  readonly node: RootOperationNode
  readonly inTransaction: boolean
  readonly outcome:
    | { readonly refused: false; readonly query: FokosCompiledQuery; readonly table: TableSchema }
    | { readonly refused: true; readonly error: unknown }
}

const facts = new WeakMap<object, KyselyFacts>()
let watcher: ((planned: Planned) => void) | undefined

/** Makes the Kysely that stands for one of the program's. */
// biome-ignore lint/suspicious/noExplicitAny: the program's types were checked by TypeScript
export function plannedKysely(of: KyselyFacts): Kysely<any> {
  const kysely = new Kysely({
    dialect: {
      createDriver: () => new NeverDriver(),
      createQueryCompiler: () => new WatchedCompiler(of),
      createAdapter: () => new FokosAdapter(),
      createIntrospector: () => new FokosIntrospector(of.schema),
    },
    plugins: [...of.plugins],
  })
  facts.set(kysely, of)
  return kysely
}

/** What is known of a Kysely that was made here. */
export function kyselyFacts(value: unknown): KyselyFacts | undefined {
  return typeof value === 'object' && value !== null ? facts.get(value) : undefined
}

/** Whether names in queries are turned into snake_case before they are planned. */
export function renamesColumns({ plugins }: KyselyFacts): boolean {
  return plugins.some((plugin) => plugin instanceof CamelCasePlugin)
}

/** Runs something that compiles queries, and says what became of each. What it throws is among that. */
export function watchPlans(run: () => unknown): { readonly planned: Planned[]; readonly thrown: unknown } {
  const planned: Planned[] = []
  const outer = watcher
  let thrown: unknown
  watcher = (one) => planned.push(one)
  try {
    const result = run()
    if (result instanceof Promise) result.catch(() => {})
  } catch (error) {
    thrown = error
  } finally {
    watcher = outer
  }
  return { planned, thrown }
}

/** The real compiler, that tells what it was asked and what came of it. */
class WatchedCompiler implements QueryCompiler {
  readonly #compiler: FokosQueryCompiler
  readonly #of: KyselyFacts

  constructor(of: KyselyFacts) {
    this.#compiler = new FokosQueryCompiler(of.schema)
    this.#of = of
  }

  compileQuery(node: RootOperationNode, queryId: QueryId): FokosCompiledQuery<never> {
    const { inTransaction } = this.#of
    try {
      const query = this.#compiler.compileQuery(node, queryId)
      const table = (compilationOf(query.operation) as { readonly table: TableSchema }).table
      watcher?.({ node, inTransaction, outcome: { refused: false, query, table } })
      return query
    } catch (error) {
      watcher?.({ node, inTransaction, outcome: { refused: true, error } })
      throw error
    }
  }
}

/** Executes nothing: a query is planned before it asks for a connection. */
class NeverDriver implements Driver {
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    throw new Error('the check executes nothing')
  }
  async beginTransaction(): Promise<void> {}
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}
