import type { CompiledQuery, QueryCompiler, QueryId, RootOperationNode } from 'kysely'
import { InvalidRequestError } from '../../engine/errors.js'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'
import { answeringRows } from './compile-explain.js'
import { compileStatement } from './compile-statement.js'
import { printQuery } from './print-query.js'
import type { CompiledOperation } from './statement.js'

/** What `.compile()` returns: a query of Kysely's, with the operation that it became. */
export interface FokosCompiledQuery<O = unknown> extends CompiledQuery<O> {
  /** What runs. Plain data. */
  readonly operation: CompiledOperation
}

/** What is known of an operation that was compiled here, beside what it shows. */
export interface Compilation {
  readonly schema: DatabaseSchema
  readonly table: TableSchema
  readonly parameters: readonly unknown[]
}

const compilations = new WeakMap<CompiledOperation, Compilation>()

/** How an operation came to be; nothing for one that was made or copied elsewhere. */
export function compilationOf(operation: CompiledOperation): Compilation | undefined {
  return compilations.get(operation)
}

/** Plans queries, and refuses those that have no plan, before anything is sent anywhere. */
export class FokosQueryCompiler implements QueryCompiler {
  readonly #schema: DatabaseSchema

  constructor(schema: DatabaseSchema) {
    this.#schema = schema
  }

  /** @throws {UnsupportedQueryError} with the caller's own line among the first five of its stack. */
  compileQuery(node: RootOperationNode, queryId: QueryId): FokosCompiledQuery<never> {
    try {
      const { table, operation, parameters } = compileStatement(node, this.#schema)
      compilations.set(operation, { schema: this.#schema, table, parameters })
      return Object.freeze({
        query: answeringRows(node),
        queryId,
        parameters: Object.freeze(parameters),
        operation,
        // Only loggers read it, so it is not written before.
        get sql() {
          return printQuery(node)
        },
      })
    } catch (thrown) {
      const error =
        thrown instanceof RangeError
          ? new InvalidRequestError('the query nests too deeply to be read')
          : thrown
      if (error instanceof Error && Error.captureStackTrace !== undefined) {
        // V8 keeps ten frames, which a deep condition fills with this compiler's own.
        Error.captureStackTrace(error, this.compileQuery)
        // And the first that is left is always Kysely's executor, of no use to anybody.
        error.stack = String(error.stack).replace(/\n +at .*/, '')
      }
      throw error
    }
  }
}
