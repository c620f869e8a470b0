import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, Kysely, QueryCompiler } from 'kysely'
import { Client } from '../engine/client/client.js'
import { ConfigurationError } from '../engine/errors.js'
import { BINDINGS, type BindingNames, requireBindings } from '../engine/runtime/bindings.js'
import { knownTree } from '../engine/runtime/known-tree.js'
import { workerClock, workerPeers, workerRandom } from '../engine/runtime/worker-ports.js'
import { DEFAULT_SETTINGS, type EngineSettings, refuseUnknownOptions } from '../engine/settings.js'
import { checkDatabaseName } from '../engine/topology/partition-name.js'
import { FokosQueryCompiler } from './compiler/fokos-query-compiler.js'
import { FokosAdapter } from './driver/fokos-adapter.js'
import { FokosDriver } from './driver/fokos-driver.js'
import { FokosIntrospector } from './driver/fokos-introspector.js'
import { type DatabaseSchema, UNDECLARED_SCHEMA } from './schema/table-schema.js'

/** What `new FokosDialect(env, options)` takes. */
export interface FokosDialectOptions {
  /** Which of several databases in the same namespaces, one per tenant for example. Default `'main'`. */
  readonly database?: string
  /** Other names for the bindings, by their usual names. */
  readonly bindings?: BindingNames
}

/** A dialect that is bound to a declaration. */
export interface FokosDialectClass {
  /**
   * @param env the environment that the Worker's handler got, with the bindings in it.
   * @throws {ConfigurationError} for a missing binding, with the lines to write, and for an unknown option.
   */
  new (env: object, options?: FokosDialectOptions): Dialect
  /** A dialect that compiles and refuses queries, and executes none: for tests and tools outside of Workers. */
  compileOnly(): Dialect
}

/** Makes the dialect of a declared database. */
export function dialectFor(schema: DatabaseSchema, settings: EngineSettings): FokosDialectClass {
  return class FokosDialect implements Dialect {
    readonly #client: Client | undefined

    constructor(env: object, options: FokosDialectOptions = {}) {
      if (env === COMPILE_ONLY) return
      refuseUnknownOptions('FokosDialect', options, ['database', 'bindings'])
      const { database = 'main', bindings = {} } = options
      refuseUnknownOptions('bindings', bindings, BINDINGS)
      const bound = requireBindings(env, bindings)
      const known = knownTree(bound, checkDatabaseName(database), settings)
      this.#client = new Client(
        { peers: workerPeers(bound), clock: workerClock, random: workerRandom },
        { database, settings, ...known },
      )
    }

    static compileOnly(): Dialect {
      return new FokosDialect(COMPILE_ONLY)
    }

    createDriver(): Driver {
      return new FokosDriver(() => this.#client ?? refuseToExecute(), schema, settings.limits)
    }

    createQueryCompiler(): QueryCompiler {
      return new FokosQueryCompiler(schema)
    }

    createAdapter(): DialectAdapter {
      return new FokosAdapter()
    }

    // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
    createIntrospector(_db: Kysely<any>): DatabaseIntrospector {
      return new FokosIntrospector(schema)
    }
  }
}

/** The environment of a dialect that has none. */
const COMPILE_ONLY = {}

function refuseToExecute(): never {
  throw new ConfigurationError('this dialect only compiles: to execute, make one with new FokosDialect(env)')
}

/**
 * The dialect for databases without a declaration: every table has the key columns `hash_key` and, if a row
 * wants one, `sort_key`.
 *
 * @example
 * const db = new Kysely<Database>({ dialect: new FokosDialect(env) })
 */
export const FokosDialect: FokosDialectClass = dialectFor(UNDECLARED_SCHEMA, DEFAULT_SETTINGS)
