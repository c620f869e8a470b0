import type { ColumnType, InsertType, SelectType, UpdateType } from 'kysely'
import { ConfigurationError } from '../../engine/errors.js'
import type { CheckItem } from '../../engine/ports.js'
import {
  type EngineSettings,
  refuseUnknownOptions,
  resolveSettings,
  SETTINGS_OPTIONS,
  type SettingsOptions,
} from '../../engine/settings.js'
import { dialectFor, type FokosDialectClass } from '../fokos-dialect.js'
import type { HashKey, SortKey } from './key-columns.js'
import { type TableDeclaration, tableSchema } from './table.js'
import { declaredSchema } from './table-schema.js'

/** Tables by name. */
export interface TableDeclarations {
  // biome-ignore lint/suspicious/noExplicitAny: any row type may be declared
  readonly [name: string]: TableDeclaration<any, string, any, any>
}

/**
 * What {@link defineDatabase} takes. `roots` and `fanout` can never change once data is written; `limits` can be
 * raised at any time, and `splitAt` changed.
 */
export interface DatabaseOptions<Tables extends TableDeclarations> extends SettingsOptions {
  /** At least one, each made by `table`, under the name that queries call it. */
  readonly tables: Tables
}

/** A database's declaration: what both the dialect and the Durable Objects are made from. */
export interface DatabaseDeclaration<Tables extends TableDeclarations> {
  readonly tables: Tables
  readonly settings: EngineSettings
  /** The dialect of this database: `new Kysely<Database>({ dialect: new FokosDialect(env) })`. */
  readonly FokosDialect: FokosDialectClass
  /** Has the Durable Objects validate what updates make of rows, if any table has a validator. */
  readonly checkItem?: CheckItem | undefined
}

/**
 * The type to give to `Kysely`: `type Database = InferDatabase<typeof database>`. Rows are as declared, and
 * key columns carry a mark that lets the types refuse what cannot be routed. An insert may leave out a column
 * that has a default.
 */
export type InferDatabase<D extends { readonly tables: TableDeclarations }> = {
  [T in keyof D['tables']]: D['tables'][T] extends TableDeclaration<infer Row, infer H, infer S, infer F>
    ? {
        [C in keyof Row]: C extends H
          ? HashKey<SelectType<Row[C]>, KeyInsert<Row, C, F>>
          : C extends S
            ? SortKey<SelectType<Row[C]>, KeyInsert<Row, C, F>>
            : C extends F
              ? ColumnType<SelectType<Row[C]>, InsertType<Row[C]> | undefined, UpdateType<Row[C]>>
              : Row[C]
      }
    : never
}

/** What an insert gives for a key column, which may be nothing if the column has a default. */
type KeyInsert<Row, C extends keyof Row, Defaulted> =
  | SelectType<Row[C]>
  | (C extends Defaulted ? undefined : never)

/**
 * Declares a database: its tables, and settings that can be left out.
 *
 * @throws {ConfigurationError} for an unknown option, a value out of its bounds or a table without sense.
 * @example
 * export const database = defineDatabase({
 *   tables: {
 *     flights: table<{ origin: string; departs_at: Date; seats: number }>()({
 *       hashKey: 'origin',
 *       sortKey: 'departs_at',
 *     }),
 *   },
 * })
 * export const { FokosDialect } = database
 * export type Database = InferDatabase<typeof database>
 */
export function defineDatabase<const Tables extends TableDeclarations>(
  options: DatabaseOptions<Tables>,
): DatabaseDeclaration<Tables> {
  refuseUnknownOptions('defineDatabase', options, ['tables', ...SETTINGS_OPTIONS])
  const { tables, ...settingsOptions } = options
  if (typeof tables !== 'object' || tables === null || Object.keys(tables).length === 0) {
    throw new ConfigurationError('defineDatabase: declare at least one table')
  }
  const schema = declaredSchema(Object.entries(tables).map(([name, declared]) => tableSchema(name, declared)))
  const settings = resolveSettings(settingsOptions)
  const { checkItem } = schema
  return Object.freeze({ tables, settings, FokosDialect: dialectFor(schema, settings), checkItem })
}
