import { FokosDialect } from '../fokos-dialect.js'
import { type DatabaseSchema, UNDECLARED_SCHEMA } from '../schema/table-schema.js'

/** The dialects that the program's declarations have made, and the ready-made one. */
const schemas = new WeakMap<object, DatabaseSchema>([[FokosDialect, UNDECLARED_SCHEMA]])

export function knowDialect(dialect: object, schema: DatabaseSchema): void {
  schemas.set(dialect, schema)
}

/** The schema of a dialect of ours; nothing for anything else. */
export function dialectSchema(value: unknown): DatabaseSchema | undefined {
  return typeof value === 'function' ? schemas.get(value) : undefined
}
