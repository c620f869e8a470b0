import type { FokosTypeError, RefusalText } from './fokos-type-error.js'
import type { HashColumn, KeyColumn, RequiredColumn } from './key-columns.js'

/** A reference without its table. */
export type Unqualified<Table, Reference> = Reference extends `${Table & string}.${infer Column}`
  ? Column
  : Reference

/** What `this` must be to read or to change rows: nothing special once the hash key is bound. */
export type Routed<Table, Row, BoundColumn> = [HashColumn<Row>] extends [never]
  ? OneOfSeveral
  : HashColumn<Row> extends BoundColumn
    ? unknown
    : FokosTypeError<RefusalText<'missing_hash_key', { table: Table & string; column: HashColumn<Row> }>>

/** What `this` must be to insert a row of defaults: nothing special once nothing must be given. */
export type MadeOfDefaults<Table, Row> = [RequiredColumn<Row>] extends [never]
  ? unknown
  : FokosTypeError<WithoutDefault<Table, RequiredColumn<Row>>>

/** A text for each column that has no default. */
type WithoutDefault<Table, Column> = Column extends string
  ? RefusalText<'default_values', { table: Table & string; column: Column }>
  : never

/** The query's table is one of several, whose keys differ. */
type OneOfSeveral = FokosTypeError<RefusalText<'several_tables'>>

/** What a value must be to be compared with: anything but a query. */
export type NoSubquery<Operand> = Operand extends { readonly isSelectQueryBuilder: true }
  ? FokosTypeError<RefusalText<'subquery'>>
  : unknown

/** What `this` must be to order by expressions: nothing special for key columns and aliases. */
export type Orderable<Table, Row, Expression> = [NonKey<Table, Row, Expression>] extends [never]
  ? unknown
  : FokosTypeError<
      RefusalText<'order_by_non_key', { table: Table & string; column: NonKey<Table, Row, Expression> }>
    >

/** Those of the columns that are no part of the key. */
type NonKey<Table, Row, Expression> =
  Expression extends ReadonlyArray<infer Item>
    ? NonKey<Table, Row, Item>
    : Expression extends `${infer Directed} ${'asc' | 'desc'}`
      ? NonKey<Table, Row, Directed>
      : Extract<Unqualified<Table, Expression>, Exclude<keyof Row, KeyColumn<Row>> & string>

/** What `this` must be to group by expressions: nothing special for key columns. */
export type Groupable<Table, Row, Expression> = [NonKey<Table, Row, Expression>] extends [never]
  ? unknown
  : FokosTypeError<
      RefusalText<'group_by_non_key', { table: Table & string; column: NonKey<Table, Row, Expression> }>
    >
