import type { CheckItem } from '../../engine/ports.js'
import type { ColumnDefault } from './column-defaults.js'
import type { RowValidator } from './row-validator.js'
import { itemCheck } from './validate-row.js'

/** What the compiler knows of a table. */
export interface TableSchema {
  readonly name: string
  readonly hashKey: string
  /** In order; none when there is one row per hash key. */
  readonly sortKey: readonly string[]
  /** Whether a row may do without its sort key: tables without a declaration have that choice. */
  readonly sortKeyOptional: boolean
  /** What columns hold where an insert leaves them out. */
  readonly defaults: ReadonlyMap<string, ColumnDefault>
  /** What all rows must pass. */
  readonly validator?: RowValidator | undefined
  /** The column that says when a row vanishes by itself, if rows do. */
  readonly expiresAt?: string
}

/** What the compiler knows of a database. */
export interface DatabaseSchema {
  /** The table of that name, if there is one. */
  table(name: string): TableSchema | undefined
  /** The names of the tables, for messages; none when any name is a table. */
  readonly tableNames: readonly string[]
  /** Validates what changes make of rows, if any table has a validator. */
  readonly checkItem?: CheckItem | undefined
}

const NO_DEFAULTS: ReadonlyMap<string, ColumnDefault> = new Map()

/** Every name is a table with the key columns `hash_key` and, if a row wants one, `sort_key`. */
export const UNDECLARED_SCHEMA: DatabaseSchema = {
  table: (name) => ({
    name,
    hashKey: 'hash_key',
    sortKey: ['sort_key'],
    sortKeyOptional: true,
    defaults: NO_DEFAULTS,
  }),
  tableNames: [],
}

export function declaredSchema(tables: readonly TableSchema[]): DatabaseSchema {
  const byName = new Map(tables.map((table) => [table.name, table]))
  return {
    table: (name) => byName.get(name),
    tableNames: [...byName.keys()],
    checkItem: itemCheck(byName),
  }
}

/** Whether a column is part of the table's key. */
export function isKeyColumn(table: TableSchema, column: string): boolean {
  return column === table.hashKey || table.sortKey.includes(column)
}

/** What tells the engine when a row ends that a change makes. */
export function expiring({ expiresAt }: TableSchema): { readonly expiresAt?: string } {
  return expiresAt === undefined ? {} : { expiresAt }
}
