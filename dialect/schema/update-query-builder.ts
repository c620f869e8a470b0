import type {
  AnyColumn,
  CallbackSelection,
  ComparisonOperatorExpression,
  ExpressionBuilder,
  ExpressionOrFactory,
  KyselyPlugin,
  OperandValueExpressionOrList,
  ReferenceExpression,
  SelectCallback,
  SelectExpression,
  Selection,
  SqlBool,
  UpdateQueryBuilder,
  UpdateResult,
  UpdateType,
  ValueExpression,
} from 'kysely'
import type { Explanation } from '../driver/explanation.js'
import type { NoSubquery, Routed, Unqualified } from './bound-columns.js'
import type { FokosTypeError, RefusalText } from './fokos-type-error.js'
import type { HashColumn, KeyColumn } from './key-columns.js'
import type { RefusedInUpdate } from './refused-methods.js'
import type { AllColumns, ExplanationLike, Narrowed, Returned, ReturnedIf } from './result-types.js'
import type { BindingOperator, ColumnReference, Operands, WhereColumn } from './shared-methods.js'

type Base<DB, TB extends keyof DB, O> = UpdateQueryBuilder<DB, TB, TB, O>

/** What a column may be set to: for a key column, nothing, with the reason. */
type AssignedValue<DB, TB extends keyof DB, C> =
  C extends KeyColumn<DB[TB]>
    ? FokosTypeError<RefusalText<'key_change', { table: TB & string; column: C }>>
    : C extends keyof DB[TB]
      ? ValueExpression<DB, TB, UpdateType<DB[TB][C]>>
      : ValueExpression<DB, TB, unknown>

type Assignments<DB, TB extends keyof DB> = {
  [C in AnyColumn<DB, TB>]?: AssignedValue<DB, TB, C> | undefined
}

/** Comparing the hash key with a value, or with a list of values, binds it. */
type WhereHash<DB, TB extends keyof DB, O> = (
  lhs: ColumnReference<TB, HashColumn<DB[TB]>>,
  op: BindingOperator,
  rhs: Operands<DB, TB>[HashColumn<DB[TB]>],
) => FokosUpdateQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>

/** What the types cannot see into may bind it. */
interface WhereOpaque<DB, TB extends keyof DB, O> {
  <RE extends ReferenceExpression<DB, TB>, VE extends OperandValueExpressionOrList<DB, TB, RE>>(
    lhs: RE,
    op: ComparisonOperatorExpression,
    rhs: VE & NoSubquery<VE>,
  ): FokosUpdateQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>
  (expression: ExpressionOrFactory<DB, TB, SqlBool>): FokosUpdateQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>
}

/**
 * An update of a table of this dialect: it cannot be executed before its hash key is bound.
 *
 * @typeParam K the hash key column once it is bound, before that `never`.
 */
export interface FokosUpdateQueryBuilder<DB, TB extends keyof DB, O, K> extends RefusedInUpdate {
  toOperationNode: Base<DB, TB, O>['toOperationNode']
  compile: Base<DB, TB, O>['compile']
  $assertType: Base<DB, TB, O>['$assertType']

  set(
    update: Assignments<DB, TB> | ((eb: ExpressionBuilder<DB, TB>) => Assignments<DB, TB>),
  ): FokosUpdateQueryBuilder<DB, TB, O, K>
  set<RE extends ReferenceExpression<DB, TB>>(
    key: RE,
    value: AssignedValue<DB, TB, Unqualified<TB, RE>>,
  ): FokosUpdateQueryBuilder<DB, TB, O, K>

  where: WhereHash<DB, TB, O> & WhereColumn<DB, TB> & WhereOpaque<DB, TB, O>
  whereRef<LRE extends ReferenceExpression<DB, TB>, RRE extends ReferenceExpression<DB, TB>>(
    lhs: LRE,
    op: ComparisonOperatorExpression,
    rhs: RRE,
  ): FokosUpdateQueryBuilder<DB, TB, O, K>
  clearWhere(): FokosUpdateQueryBuilder<DB, TB, O, never>

  returning<SE extends SelectExpression<DB, TB>>(
    selections: ReadonlyArray<SE>,
  ): FokosUpdateQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>, K>
  returning<const CB extends SelectCallback<DB, TB>>(
    callback: CB,
  ): FokosUpdateQueryBuilder<DB, TB, Returned<O, CallbackSelection<DB, TB, CB>>, K>
  returning<SE extends SelectExpression<DB, TB>>(
    selection: SE,
  ): FokosUpdateQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>, K>
  returningAll(
    table?: TB | readonly TB[],
  ): FokosUpdateQueryBuilder<DB, TB, Returned<O, AllColumns<DB, TB>>, K>
  clearReturning(): FokosUpdateQueryBuilder<DB, TB, UpdateResult, K>

  $call<T>(func: (qb: this) => T): T
  $if<O2>(
    condition: boolean,
    // biome-ignore lint/suspicious/noExplicitAny: as in Kysely, whatever the callback makes of the builder
    func: (qb: this) => FokosUpdateQueryBuilder<any, any, O2, any>,
  ): FokosUpdateQueryBuilder<DB, TB, ReturnedIf<O, O2>, K>
  $castTo<C>(): FokosUpdateQueryBuilder<DB, TB, C, K>
  $narrowType<T>(): FokosUpdateQueryBuilder<DB, TB, Narrowed<O, T>, K>
  withPlugin(plugin: KyselyPlugin): FokosUpdateQueryBuilder<DB, TB, O, K>

  execute(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['execute']>
  ): ReturnType<Base<DB, TB, O>['execute']>
  executeTakeFirst(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirst']>
  ): ReturnType<Base<DB, TB, O>['executeTakeFirst']>
  executeTakeFirstOrThrow(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirstOrThrow']>
  ): ReturnType<Base<DB, TB, O>['executeTakeFirstOrThrow']>
  stream(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['stream']>
  ): ReturnType<Base<DB, TB, O>['stream']>
  /** Says what would be sent, and to which partitions, without doing it. */
  explain<E extends ExplanationLike = Explanation>(this: Routed<TB, DB[TB], K>): Promise<E[]>
}
