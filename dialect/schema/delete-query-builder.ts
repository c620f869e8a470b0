import type {
  CallbackSelection,
  ComparisonOperatorExpression,
  DeleteQueryBuilder,
  DeleteResult,
  ExpressionOrFactory,
  KyselyPlugin,
  OperandValueExpressionOrList,
  ReferenceExpression,
  SelectCallback,
  SelectExpression,
  Selection,
  SqlBool,
} from 'kysely'
import type { Explanation } from '../driver/explanation.js'
import type { NoSubquery, Routed } from './bound-columns.js'
import type { HashColumn } from './key-columns.js'
import type { RefusedInDelete } from './refused-methods.js'
import type { AllColumns, ExplanationLike, Narrowed, Returned, ReturnedIf } from './result-types.js'
import type { BindingOperator, ColumnReference, Operands, WhereColumn } from './shared-methods.js'

type Base<DB, TB extends keyof DB, O> = DeleteQueryBuilder<DB, TB, O>

/** Comparing the hash key with a value, or with a list of values, binds it. */
type WhereHash<DB, TB extends keyof DB, O> = (
  lhs: ColumnReference<TB, HashColumn<DB[TB]>>,
  op: BindingOperator,
  rhs: Operands<DB, TB>[HashColumn<DB[TB]>],
) => FokosDeleteQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>

/** What the types cannot see into may bind it. */
interface WhereOpaque<DB, TB extends keyof DB, O> {
  <RE extends ReferenceExpression<DB, TB>, VE extends OperandValueExpressionOrList<DB, TB, RE>>(
    lhs: RE,
    op: ComparisonOperatorExpression,
    rhs: VE & NoSubquery<VE>,
  ): FokosDeleteQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>
  (expression: ExpressionOrFactory<DB, TB, SqlBool>): FokosDeleteQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>
}

/**
 * A delete from a table of this dialect: it cannot be executed before its hash key is bound.
 *
 * @typeParam K the hash key column once it is bound, before that `never`.
 */
export interface FokosDeleteQueryBuilder<DB, TB extends keyof DB, O, K> extends RefusedInDelete {
  toOperationNode: Base<DB, TB, O>['toOperationNode']
  compile: Base<DB, TB, O>['compile']
  $assertType: Base<DB, TB, O>['$assertType']

  where: WhereHash<DB, TB, O> & WhereColumn<DB, TB> & WhereOpaque<DB, TB, O>
  whereRef<LRE extends ReferenceExpression<DB, TB>, RRE extends ReferenceExpression<DB, TB>>(
    lhs: LRE,
    op: ComparisonOperatorExpression,
    rhs: RRE,
  ): FokosDeleteQueryBuilder<DB, TB, O, K>
  clearWhere(): FokosDeleteQueryBuilder<DB, TB, O, never>

  returning<SE extends SelectExpression<DB, TB>>(
    selections: ReadonlyArray<SE>,
  ): FokosDeleteQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>, K>
  returning<const CB extends SelectCallback<DB, TB>>(
    callback: CB,
  ): FokosDeleteQueryBuilder<DB, TB, Returned<O, CallbackSelection<DB, TB, CB>>, K>
  returning<SE extends SelectExpression<DB, TB>>(
    selection: SE,
  ): FokosDeleteQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>, K>
  returningAll(
    table?: TB | readonly TB[],
  ): FokosDeleteQueryBuilder<DB, TB, Returned<O, AllColumns<DB, TB>>, K>
  clearReturning(): FokosDeleteQueryBuilder<DB, TB, DeleteResult, K>
  clearLimit(): FokosDeleteQueryBuilder<DB, TB, O, K>
  clearOrderBy(): FokosDeleteQueryBuilder<DB, TB, O, K>

  $call<T>(func: (qb: this) => T): T
  $if<O2>(
    condition: boolean,
    // biome-ignore lint/suspicious/noExplicitAny: as in Kysely, whatever the callback makes of the builder
    func: (qb: this) => FokosDeleteQueryBuilder<any, any, O2, any>,
  ): FokosDeleteQueryBuilder<DB, TB, ReturnedIf<O, O2>, K>
  $castTo<C>(): FokosDeleteQueryBuilder<DB, TB, C, K>
  $narrowType<T>(): FokosDeleteQueryBuilder<DB, TB, Narrowed<O, T>, K>
  withPlugin(plugin: KyselyPlugin): FokosDeleteQueryBuilder<DB, TB, O, K>

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
