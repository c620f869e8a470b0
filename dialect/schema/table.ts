import { ConfigurationError } from '../../engine/errors.js'
import { refuseUnknownOptions } from '../../engine/settings.js'
import { type DefaultFor, readDefaults } from './column-defaults.js'
import type { FokosTypeError } from './fokos-type-error.js'
import type { ExpiringColumn, KeyableColumn } from './key-columns.js'
import type { RowValidator, ValidatorFor } from './row-validator.js'
import type { TableSchema } from './table-schema.js'
import { checkValidator } from './validate-row.js'

/** A table's declaration: the row type, for the compiler of TypeScript, and the key, for ours. */
export interface TableDeclaration<
  Row,
  HashKey extends string,
  SortKey extends string,
  Defaulted extends string = never,
> {
  readonly hashKey: HashKey
  readonly sortKey: readonly SortKey[]
  /** What columns hold where an insert leaves them out. */
  readonly defaults?: { readonly [C in Defaulted]: unknown }
  /** What all rows must pass. */
  readonly validate?: RowValidator | undefined
  readonly expiresAt?: string
  /** Only a type: carries the row type to `InferDatabase`. */
  readonly row?: Row
}

/** A column that may stand in a key and is not `Taken`; any other with the reason why not. */
type Keyable<Row, C extends keyof Row & string, Taken extends string = never> = C extends Taken
  ? C & FokosTypeError<`fokos: the column "${C}" stands once in a key`>
  : C extends KeyableColumn<Row>
    ? C
    : C &
        FokosTypeError<`fokos: the column "${C}" cannot stand in a key: keys hold strings, numbers, bigints, booleans, dates or bytes, and never null`>

/** A column that may say when a row vanishes and is not `Taken`; any other with the reason why not. */
type Expiring<Row, C extends keyof Row & string, Taken extends string> = C extends Taken
  ? C & FokosTypeError<`fokos: the column "${C}" is a part of the key, which never changes`>
  : C extends ExpiringColumn<Row>
    ? C
    : C &
        FokosTypeError<`fokos: the column "${C}" cannot say when a row expires: it holds a Date, or null for never`>

/**
 * Declares a table: first the type of its rows, then its key, and what else is to be known of it.
 *
 * - `hashKey` names the column that says where a row lives. All rows of one hash key live together.
 * - `sortKey` names the column, or the columns in order, that order the rows of one hash key and make them
 *   unique. Without it there is one row per hash key.
 * - `defaults` says what columns hold where an insert leaves them out: values, or functions that are called for
 *   each such row when the query is compiled, such as {@link ulid}.
 * - `validate` is a validator that all rows must pass, of zod, valibot, arktype or any other library that follows
 *   Standard Schema: what an insert brings, and what an update makes of a row. Rows are stored as they are, whatever
 *   the validator makes of them.
 * - `expiresAt` names the column, a `Date` or null, that says when a row vanishes by itself.
 *
 * Key columns hold strings, numbers, bigints, booleans, dates or bytes, and never null. Other columns hold
 * anything that {@link Value} lists, need no declaration beside the type, and can be added at any time.
 *
 * @throws {ConfigurationError} for an unknown option or a key without sense.
 * @example
 * table<{ origin: string; departs_at: Date; seats: number }>()({ hashKey: 'origin', sortKey: 'departs_at' })
 * @example
 * table<{ id: string; state: 'new' | 'paid'; placed_at: Date }>()({
 *   hashKey: 'id',
 *   defaults: { id: ulid, state: 'new', placed_at: () => new Date() },
 * })
 */
export function table<Row extends object>() {
  // Without a hash key, H is never: then its absence is the error, and not that a column stands twice.
  function declare<
    H extends keyof Row & string = never,
    S extends keyof Row & string = never,
    E extends keyof Row & string = never,
    D extends string = never,
    V extends RowValidator = RowValidator,
  >(options: {
    readonly hashKey: H & Keyable<Row, H>
    readonly sortKey?: (S & Keyable<Row, S, H>) | readonly (S & Keyable<Row, S, H>)[]
    readonly expiresAt?: E & Expiring<Row, E, H | S>
    readonly defaults?: { readonly [C in D]: DefaultFor<Row, C> }
    readonly validate?: V & ValidatorFor<Row, V>
    // Nothing is inferred from where the declaration stands: it would make every column a part of the key.
  }): TableDeclaration<Row, NoInfer<H>, NoInfer<S>, NoInfer<D>>
  function declare(key: {
    hashKey: string
    sortKey?: string | readonly string[]
    expiresAt?: string
    defaults?: object
    validate?: RowValidator
  }) {
    refuseUnknownOptions('table', key, ['hashKey', 'sortKey', 'expiresAt', 'defaults', 'validate'])
    const sortKey =
      key.sortKey === undefined ? [] : typeof key.sortKey === 'string' ? [key.sortKey] : key.sortKey
    const columns = [key.hashKey, ...(Array.isArray(sortKey) ? sortKey : [sortKey])]
    for (const column of columns) {
      if (typeof column !== 'string' || column === '') {
        throw new ConfigurationError(`a key column is named by a text, not ${String(column)}`)
      }
    }
    if (new Set(columns).size < columns.length) {
      throw new ConfigurationError(`a column stands once in a key, not ${columns.join(', ')}`)
    }
    const { hashKey, defaults = {} } = key
    if (typeof defaults !== 'object' || defaults === null || Array.isArray(defaults)) {
      throw new ConfigurationError(`defaults are an object of values by column, not ${String(defaults)}`)
    }
    return Object.freeze({
      hashKey,
      sortKey: Object.freeze([...sortKey]),
      defaults: Object.freeze({ ...defaults }),
      ...checkExpiresAt(key.expiresAt, columns),
      ...(key.validate === undefined ? undefined : { validate: key.validate }),
    })
  }
  return declare
}

function checkExpiresAt(
  expiresAt: string | undefined,
  keyColumns: readonly string[],
): { readonly expiresAt?: string } {
  if (expiresAt === undefined) return {}
  if (typeof expiresAt !== 'string' || expiresAt === '') {
    throw new ConfigurationError(`expiresAt names a column by a text, not ${String(expiresAt)}`)
  }
  if (!keyColumns.includes(expiresAt)) return { expiresAt }
  throw new ConfigurationError(
    `the column "${expiresAt}" is a part of the key, which never changes: let another one say when a row expires`,
  )
}

/** @throws {ConfigurationError} when a declaration was not made by {@link table}. */
export function tableSchema(name: string, declaration: unknown): TableSchema {
  const {
    hashKey,
    sortKey,
    expiresAt,
    defaults = {},
    validate,
  } = (declaration ?? {}) as Partial<TableDeclaration<unknown, string, string, string>>
  if (name === '') throw new ConfigurationError('a table has a name')
  if (typeof hashKey !== 'string' || !Array.isArray(sortKey)) {
    throw new ConfigurationError(`"${name}" is not a table: write table<Row>()({ hashKey: … })`, {
      table: name,
    })
  }
  return Object.freeze({
    name,
    hashKey,
    sortKey,
    sortKeyOptional: false,
    ...(expiresAt === undefined ? undefined : { expiresAt }),
    defaults: readDefaults(name, [hashKey, ...sortKey], defaults),
    validator: checkValidator(name, validate),
  })
}
