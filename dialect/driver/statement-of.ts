import type { CompiledQuery } from 'kysely'
import { InvalidRequestError } from '../../engine/errors.js'
import { encodeItem } from '../../engine/values/item-text.js'
import type { Value } from '../../engine/values/value.js'
import { compileStatement } from '../compiler/compile-statement.js'
import { compilationOf, type FokosCompiledQuery } from '../compiler/fokos-query-compiler.js'
import type { Statement } from '../compiler/statement.js'
import type { DatabaseSchema } from '../schema/table-schema.js'

/**
 * What a compiled query became. One that was compiled for another database, or that was copied, is planned
 * again from its nodes.
 *
 * @throws {InvalidRequestError} when a copy has other parameters than its nodes: the plan would use the old.
 */
export function statementOf(query: CompiledQuery<unknown>, schema: DatabaseSchema): Statement {
  const { operation } = query as Partial<FokosCompiledQuery>
  const compilation = operation === undefined ? undefined : compilationOf(operation)
  if (
    operation !== undefined &&
    compilation?.schema === schema &&
    compilation.parameters === query.parameters
  ) {
    return { table: compilation.table, operation, parameters: compilation.parameters }
  }
  const statement = compileStatement(query.query, schema)
  if (parametersText(query.parameters) !== parametersText(statement.parameters)) {
    throw new InvalidRequestError('the parameters of this query were exchanged: build it again')
  }
  return statement
}

/** Equal for equal parameters. */
function parametersText(parameters: readonly unknown[]): string {
  return encodeItem({ parameters: parameters as readonly Value[] })
}
