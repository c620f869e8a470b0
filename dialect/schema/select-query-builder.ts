import type {
  CallbackSelection,
  ComparisonOperatorExpression,
  Expression,
  ExpressionBuilder,
  ExpressionOrFactory,
  KyselyPlugin,
  OperandValueExpressionOrList,
  OrderByExpression,
  OrderByModifiers,
  ReferenceExpression,
  SelectCallback,
  SelectExpression,
  Selection,
  SelectQueryBuilder,
  SqlBool,
  ValueExpression,
} from 'kysely'
import type { Explanation } from '../driver/explanation.js'
import type { Groupable, NoSubquery, Orderable, Routed } from './bound-columns.js'
import type { HashColumn } from './key-columns.js'
import type { RefusedInSelect } from './refused-methods.js'
import type { AllColumns, ExplanationLike, SelectedRow, SelectedRowOrNone } from './result-types.js'
import type {
  BindingOperator,
  ColumnReference,
  Directed,
  Operands,
  OrderByKey,
  WhereColumn,
} from './shared-methods.js'

/** Kysely's own builder of the same query. */
type Base<DB, TB extends keyof DB, O> = SelectQueryBuilder<DB, TB, O>

/** In either state. */
// biome-ignore lint/suspicious/noExplicitAny: as it says
type AnyState<DB, TB extends keyof DB, O> = FokosSelectQueryBuilder<DB, TB, O, any>

type Bound<DB, TB extends keyof DB, O> = FokosSelectQueryBuilder<DB, TB, O, HashColumn<DB[TB]>>

/** Comparing the hash key with a value, or with a list of values, binds it. */
type WhereHash<DB, TB extends keyof DB, O> = (
  lhs: ColumnReference<TB, HashColumn<DB[TB]>>,
  op: BindingOperator,
  rhs: Operands<DB, TB>[HashColumn<DB[TB]>],
) => Bound<DB, TB, O>

/** What the types cannot see into may bind it. */
interface WhereOpaque<DB, TB extends keyof DB, O> {
  <RE extends ReferenceExpression<DB, TB>, VE extends OperandValueExpressionOrList<DB, TB, RE>>(
    lhs: RE,
    op: ComparisonOperatorExpression,
    rhs: VE & NoSubquery<VE>,
  ): Bound<DB, TB, O>
  (expression: ExpressionOrFactory<DB, TB, SqlBool>): Bound<DB, TB, O>
}

interface OrderByOther<DB, TB extends keyof DB, O> {
  /** Nobody can call this one: it is how Kysely's own method looks, for those who take Kysely's builder. */
  (expr: never, modifiers?: never): AnyState<DB, TB, O>
  /** Last, because TypeScript's message is about the last one. */
  <OE extends OrderByExpression<DB, TB, O> | Directed<DB, TB>, This>(
    this: This & Orderable<TB, DB[TB], OE>,
    expr: OE | readonly OE[],
    modifiers?: OrderByModifiers | Expression<unknown>,
  ): This
}

interface GroupBy<DB, TB extends keyof DB, O> {
  /** Nobody can call this one: it is how Kysely's own method looks, for those who take Kysely's builder. */
  (groupBy: never): AnyState<DB, TB, O>
  /** Last, because TypeScript's message is about the last one. */
  <GE extends ReferenceExpression<DB, TB> | (keyof O & string), This>(
    this: This & Groupable<TB, DB[TB], GE>,
    groupBy: GE | readonly GE[] | ((eb: ExpressionBuilder<DB, TB>) => readonly GE[]),
  ): This
}

/**
 * A select from a table of this dialect. It can be handed to whatever takes Kysely's `SelectQueryBuilder`, but
 * a method that the compiler refuses cannot be called, nor can the query be executed before its hash key is
 * bound.
 *
 * @typeParam K the hash key column once it is bound, before that `never`.
 */
export interface FokosSelectQueryBuilder<DB, TB extends keyof DB, O, K> extends RefusedInSelect {
  readonly isSelectQueryBuilder: true
  readonly expressionType: Base<DB, TB, O>['expressionType']
  toOperationNode: Base<DB, TB, O>['toOperationNode']
  compile: Base<DB, TB, O>['compile']
  $asTuple: Base<DB, TB, O>['$asTuple']
  $asScalar: Base<DB, TB, O>['$asScalar']
  $assertType: Base<DB, TB, O>['$assertType']
  $narrowType: Base<DB, TB, O>['$narrowType']

  where: WhereHash<DB, TB, O> & WhereColumn<DB, TB> & WhereOpaque<DB, TB, O>
  whereRef<LRE extends ReferenceExpression<DB, TB>, RRE extends ReferenceExpression<DB, TB>>(
    lhs: LRE,
    op: ComparisonOperatorExpression,
    rhs: RRE,
  ): FokosSelectQueryBuilder<DB, TB, O, K>
  clearWhere(): FokosSelectQueryBuilder<DB, TB, O, never>

  select<SE extends SelectExpression<DB, TB>>(
    selections: ReadonlyArray<SE>,
  ): FokosSelectQueryBuilder<DB, TB, O & Selection<DB, TB, SE>, K>
  select<const CB extends SelectCallback<DB, TB>>(
    callback: CB,
  ): FokosSelectQueryBuilder<DB, TB, O & CallbackSelection<DB, TB, CB>, K>
  select<SE extends SelectExpression<DB, TB>>(
    selection: SE,
  ): FokosSelectQueryBuilder<DB, TB, O & Selection<DB, TB, SE>, K>
  selectAll(table?: TB | readonly TB[]): FokosSelectQueryBuilder<DB, TB, O & AllColumns<DB, TB>, K>
  // biome-ignore lint/complexity/noBannedTypes: Kysely's own mark of a query that selects nothing
  clearSelect(): FokosSelectQueryBuilder<DB, TB, {}, K>

  orderBy: OrderByKey<DB, TB> & OrderByOther<DB, TB, O>
  clearOrderBy(): FokosSelectQueryBuilder<DB, TB, O, K>
  limit(limit: ValueExpression<DB, TB, number | bigint | null>): FokosSelectQueryBuilder<DB, TB, O, K>
  /** Reads so many rows that pass and answers none of them: going on behind the last sort key costs less. */
  offset(offset: ValueExpression<DB, TB, number | bigint>): FokosSelectQueryBuilder<DB, TB, O, K>
  /** Of key columns alone. */
  distinct(): FokosSelectQueryBuilder<DB, TB, O, K>
  /** By the hash key, and by the first columns of the sort key. */
  groupBy: GroupBy<DB, TB, O>
  having<RE extends ReferenceExpression<DB, TB>, VE extends OperandValueExpressionOrList<DB, TB, RE>>(
    lhs: RE,
    op: ComparisonOperatorExpression,
    rhs: VE & NoSubquery<VE>,
  ): FokosSelectQueryBuilder<DB, TB, O, K>
  having(expression: ExpressionOrFactory<DB, TB, SqlBool>): FokosSelectQueryBuilder<DB, TB, O, K>
  havingRef<LRE extends ReferenceExpression<DB, TB>, RRE extends ReferenceExpression<DB, TB>>(
    lhs: LRE,
    op: ComparisonOperatorExpression,
    rhs: RRE,
  ): FokosSelectQueryBuilder<DB, TB, O, K>
  clearLimit(): FokosSelectQueryBuilder<DB, TB, O, K>
  clearOffset(): FokosSelectQueryBuilder<DB, TB, O, K>
  clearGroupBy(): FokosSelectQueryBuilder<DB, TB, O, K>

  $call<T>(func: (qb: this) => T): T
  $if<O2>(
    condition: boolean,
    // biome-ignore lint/suspicious/noExplicitAny: as in Kysely, whatever the callback makes of the builder
    func: (qb: this) => Base<any, any, O & O2> | FokosSelectQueryBuilder<any, any, O & O2, any>,
  ): FokosSelectQueryBuilder<DB, TB, O & Partial<Omit<O2, keyof O>>, K>
  $castTo<C>(): FokosSelectQueryBuilder<DB, TB, C, K>
  withPlugin(plugin: KyselyPlugin): FokosSelectQueryBuilder<DB, TB, O, K>

  execute(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['execute']>
  ): Promise<SelectedRow<O>[]>
  executeTakeFirst(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirst']>
  ): Promise<SelectedRowOrNone<O>>
  /**
   * Nobody can call this one. TypeScript infers from the last overload, and from the one above it would infer,
   * for a helper that takes Kysely's builder of any `O`, an `O` that may be undefined.
   */
  executeTakeFirst(this: never): never
  executeTakeFirstOrThrow(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirstOrThrow']>
  ): Promise<SelectedRow<O>>
  stream(
    this: Routed<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['stream']>
  ): AsyncIterableIterator<O>
  /** Says what would be sent, and to which partitions, without doing it. */
  explain<E extends ExplanationLike = Explanation>(this: Routed<TB, DB[TB], K>): Promise<E[]>
}
