import type { DatabaseIntrospector, SchemaMetadata, TableMetadata } from 'kysely'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'

/** Tells of the declared tables what is known at run time: their key columns, and columns with defaults. */
export class FokosIntrospector implements DatabaseIntrospector {
  readonly #schema: DatabaseSchema

  constructor(schema: DatabaseSchema) {
    this.#schema = schema
  }

  async getSchemas(): Promise<SchemaMetadata[]> {
    return []
  }

  async getTables(): Promise<TableMetadata[]> {
    return this.#schema.tableNames.map((name) => tableMetadata(this.#schema.table(name) as TableSchema))
  }

  /** Kysely before 0.29 asks for this. */
  async getMetadata(): Promise<{ tables: TableMetadata[] }> {
    return { tables: await this.getTables() }
  }
}

/**
 * Columns that have neither a part in the key nor a default are TypeScript's business alone, and so are the types
 * of all.
 */
function tableMetadata({ name, hashKey, sortKey, defaults }: TableSchema): TableMetadata {
  // Kysely 0.29 wants to know of foreign tables, and 0.28 must not be told.
  const kind = { isView: false, isForeign: false }
  const key = [hashKey, ...sortKey]
  const others = [...defaults.keys()].filter((column) => !key.includes(column))
  return {
    name,
    ...kind,
    columns: [...key, ...others].map((column) => ({
      name: column,
      dataType: key.includes(column) ? 'key' : 'unknown',
      isAutoIncrementing: false,
      isNullable: !key.includes(column),
      hasDefaultValue: defaults.has(column),
    })),
  }
}
