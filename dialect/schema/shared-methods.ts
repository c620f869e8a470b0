import type {
  ComparisonOperatorExpression,
  Expression,
  ExpressionBuilder,
  OrderByModifiers,
  SelectType,
} from 'kysely'
import type { KeyColumn } from './key-columns.js'

/*
 * Methods that a builder has whatever its query selects and binds. They depend on the table alone, so that
 * TypeScript works them out once per table and not once per query: without that, checking a program would take
 * twice as long. They return the builder that they are called on.
 */

/** The operators that bind a key column to one value, or to a list of values. */
export type BindingOperator = '=' | '==' | 'in'

/** A column, with its table's name or without. */
export type ColumnReference<TB, Column extends string> = Column | `${TB & string}.${Column}`

/** What each column can be compared with. */
export type Operands<DB, TB extends keyof DB> = {
  [C in keyof DB[TB] & string as ColumnReference<TB, C>]: OperandOrList<DB, TB, SelectType<DB[TB][C]> | null>
}

type OperandOrList<DB, TB extends keyof DB, V> = Operand<DB, TB, V> | ReadonlyArray<Operand<DB, TB, V>>
/** As Kysely's, without queries. */
type Operand<DB, TB extends keyof DB, V> =
  | V
  | Expression<V>
  | ((eb: ExpressionBuilder<DB, TB>) => Expression<V>)

/** A comparison that binds nothing. */
export type WhereColumn<DB, TB extends keyof DB> = <C extends keyof Operands<DB, TB>, This>(
  this: This,
  lhs: C,
  op: ComparisonOperatorExpression,
  rhs: Operands<DB, TB>[C],
) => This

/** An order that the key gives. */
export type OrderByKey<DB, TB extends keyof DB> = <This>(
  this: This,
  column: ColumnReference<TB, KeyColumn<DB[TB]>>,
  modifiers?: OrderByModifiers | Expression<unknown>,
) => This

/** `'column desc'`, which Kysely has deprecated and still takes. */
export type Directed<
  DB,
  TB extends keyof DB,
> = `${ColumnReference<TB, keyof DB[TB] & string>} ${'asc' | 'desc'}`
