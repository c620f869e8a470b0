import type { DatabaseIntrospector, SchemaMetadata, TableMetadata } from 'kysely'
import type { DatabaseSchema, TableSchema } from '../schema/table-schema.js'

/** Tells of the declared tables what is known at run time: their key columns. */
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

/** Column types are TypeScript's business and gone at run time. */
function tableMetadata({ name, hashKey, sortKey }: TableSchema): TableMetadata {
  // Kysely 0.29 wants to know of foreign tables, and 0.28 must not be told.
  const kind = { isView: false, isForeign: false }
  return {
    name,
    ...kind,
    columns: [hashKey, ...sortKey].map((column) => ({
      name: column,
      dataType: 'key',
      isAutoIncrementing: false,
      isNullable: false,
      hasDefaultValue: false,
    })),
  }
}
