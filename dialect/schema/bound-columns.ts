import type { FokosTypeError, RefusalText } from './fokos-type-error.js'
import type { HashColumn, KeyColumn } from './key-columns.js'

/** A reference without its table. */
export type Unqualified<Table, Reference> = Reference extends `${Table & string}.${infer Column}`
  ? Column
  : Reference

/** What `this` must be to read: nothing special once the hash key is bound. */
export type Readable<Table, Row, BoundColumn> = [HashColumn<Row>] extends [never]
  ? OneOfSeveral
  : HashColumn<Row> extends BoundColumn
    ? unknown
    : FokosTypeError<RefusalText<'missing_hash_key', { table: Table & string; column: HashColumn<Row> }>>

/** What `this` must be to write: nothing special once the whole key is bound. */
export type Writable<Table, Row, BoundColumn> = [HashColumn<Row>] extends [never]
  ? OneOfSeveral
  : HashColumn<Row> extends BoundColumn
    ? [Exclude<KeyColumn<Row>, BoundColumn>] extends [never]
      ? unknown
      : FokosTypeError<Incomplete<Table, Exclude<KeyColumn<Row>, BoundColumn>>>
    : FokosTypeError<RefusalText<'missing_hash_key', { table: Table & string; column: HashColumn<Row> }>>

/** The query's table is one of several, whose keys differ. */
type OneOfSeveral = FokosTypeError<RefusalText<'several_tables'>>

/** A text for each column that is missing. */
type Incomplete<Table, Column> = Column extends string
  ? RefusalText<'incomplete_key', { table: Table & string; column: Column }>
  : never

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
