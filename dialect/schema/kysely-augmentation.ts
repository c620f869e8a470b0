import type { DeleteResult, InsertResult, IsolationLevel, UpdateResult } from 'kysely'
import type { FokosDeleteQueryBuilder } from './delete-query-builder.js'
import type { FokosTypeError, RefusalText } from './fokos-type-error.js'
import type { FokosInsertQueryBuilder } from './insert-query-builder.js'
import type { FokosTable, OnlyFokos } from './key-columns.js'
import type { FokosSelectQueryBuilder } from './select-query-builder.js'
import type { FokosUpdateQueryBuilder } from './update-query-builder.js'

/** A table under another name, `'flights as f'`. */
type Aliased<DB> = `${FokosTable<DB>} as ${string}`

type AliasOf<From> = From extends `${string} as ${infer Alias}` ? Alias : never

/** A database in which an alias is a table. */
type WithAlias<DB, From> = From extends `${infer Table extends keyof DB & string} as ${infer Alias}`
  ? { [T in keyof DB | Alias]: T extends Alias ? DB[Table] : T extends keyof DB ? DB[T] : never }
  : never

/** What is less than every transaction is. */
type LowerLevel = Exclude<IsolationLevel, 'serializable'>

// biome-ignore lint/suspicious/noExplicitAny: whatever the arguments are, the call is refused
type Anything = any

/*
 * Kysely's classes are declared as classes, so an interface of the same name adds overloads to them, which
 * come before Kysely's own. They are there for the tables whose key columns are marked: databases without
 * marks, and `Kysely<any>`, see Kysely as it is.
 */
declare module 'kysely' {
  interface QueryCreator<DB> {
    /** Reads rows. To be executed, the query must compare the table's hash key with `=` or `in`. */
    // biome-ignore lint/complexity/noBannedTypes: Kysely's own mark of a query that selects nothing yet
    selectFrom<T extends FokosTable<DB>>(table: T): FokosSelectQueryBuilder<DB, T, {}, never>
    selectFrom<T extends Aliased<DB>>(
      table: T,
    ): FokosSelectQueryBuilder<
      WithAlias<DB, T>,
      AliasOf<T> & keyof WithAlias<DB, T>,
      // biome-ignore lint/complexity/noBannedTypes: as above
      {},
      never
    >
    selectFrom(
      this: OnlyFokos<DB>,
      tables: readonly Anything[],
    ): FokosTypeError<RefusalText<'several_tables'>>
    selectFrom(
      this: OnlyFokos<DB>,
      subquery: (eb: Anything) => Anything,
    ): FokosTypeError<RefusalText<'subquery'>>
    selectNoFrom(this: OnlyFokos<DB>, ...args: Anything[]): FokosTypeError<RefusalText<'no_table'>>

    /** Inserts rows that are not there; what happens to one that is, `onConflict` says. */
    insertInto<T extends FokosTable<DB>>(table: T): FokosInsertQueryBuilder<DB, T, InsertResult>
    /** Inserts rows in place of those that are there. */
    replaceInto<T extends FokosTable<DB>>(table: T): FokosInsertQueryBuilder<DB, T, InsertResult>
    /** Changes the row that the whole key names, if the other conditions hold for it. */
    updateTable<T extends FokosTable<DB>>(table: T): FokosUpdateQueryBuilder<DB, T, UpdateResult, never>
    updateTable<T extends Aliased<DB>>(
      table: T,
    ): FokosUpdateQueryBuilder<WithAlias<DB, T>, AliasOf<T> & keyof WithAlias<DB, T>, UpdateResult, never>
    updateTable(
      this: OnlyFokos<DB>,
      tables: readonly Anything[],
    ): FokosTypeError<RefusalText<'several_tables'>>
    /** Deletes the row that the whole key names, if the other conditions hold for it. */
    deleteFrom<T extends FokosTable<DB>>(table: T): FokosDeleteQueryBuilder<DB, T, DeleteResult, never>
    deleteFrom<T extends Aliased<DB>>(
      table: T,
    ): FokosDeleteQueryBuilder<WithAlias<DB, T>, AliasOf<T> & keyof WithAlias<DB, T>, DeleteResult, never>
    deleteFrom(
      this: OnlyFokos<DB>,
      tables: readonly Anything[],
    ): FokosTypeError<RefusalText<'several_tables'>>

    mergeInto(this: OnlyFokos<DB>, ...args: Anything[]): FokosTypeError<RefusalText<'merge'>>
    with(this: OnlyFokos<DB>, ...args: Anything[]): FokosTypeError<RefusalText<'common_table_expression'>>
    withRecursive(
      this: OnlyFokos<DB>,
      ...args: Anything[]
    ): FokosTypeError<RefusalText<'common_table_expression'>>
  }

  interface TransactionBuilder<DB> {
    setIsolationLevel<Level extends LowerLevel>(
      this: OnlyFokos<DB>,
      level: Level,
    ): FokosTypeError<RefusalText<'isolation_level', { level: Level }>>
  }

  interface ControlledTransactionBuilder<DB> {
    setIsolationLevel<Level extends LowerLevel>(
      this: OnlyFokos<DB>,
      level: Level,
    ): FokosTypeError<RefusalText<'isolation_level', { level: Level }>>
  }

  interface ExpressionBuilder<DB, TB extends keyof DB> {
    selectFrom(this: OnlyFokos<DB>, ...args: Anything[]): FokosTypeError<RefusalText<'subquery'>>
  }
}
