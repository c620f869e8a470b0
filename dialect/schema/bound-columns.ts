import type { FokosTypeError, RefusalText } from './fokos-type-error.js'
import type { HashColumn, KeyColumn } from './key-columns.js'

/** A reference without its table. */
export type Unqualified<Table, Reference> = Reference extends `${Table & string}.${infer Column}`
  ? Column
  : Reference

/** What `this` must be to read: nothing special once the hash key is bound. */
export type Readable<Table, Row, BoundColumn> =
  HashColumn<Row> extends BoundColumn
    ? unknown
    : FokosTypeError<RefusalText<'missing_hash_key', { table: Table & string; column: HashColumn<Row> }>>

/** What `this` must be to write: nothing special once the whole key is bound. */
export type Writable<Table, Row, BoundColumn> =
  HashColumn<Row> extends BoundColumn
    ? [Exclude<KeyColumn<Row>, BoundColumn>] extends [never]
      ? unknown
      : FokosTypeError<
          RefusalText<
            'incomplete_key',
            { table: Table & string; column: Exclude<KeyColumn<Row>, BoundColumn> & string }
          >
        >
    : FokosTypeError<RefusalText<'missing_hash_key', { table: Table & string; column: HashColumn<Row> }>>

/** What `this` must be to order by an expression: nothing special for a key column or an alias. */
export type Orderable<Table, Row, Expression> =
  Expression extends ReadonlyArray<infer Item>
    ? OrderableColumn<Table, Row, Item>
    : OrderableColumn<Table, Row, Expression>

type OrderableColumn<Table, Row, Expression> = Expression extends `${infer Directed} ${'asc' | 'desc'}`
  ? OrderableColumn<Table, Row, Directed>
  : Unqualified<Table, Expression> extends Exclude<keyof Row, KeyColumn<Row>> & string
    ? FokosTypeError<
        RefusalText<
          'order_by_non_key',
          { table: Table & string; column: Unqualified<Table, Expression> & string }
        >
      >
    : unknown
