import type {
  CallbackSelection,
  ComparisonOperatorExpression,
  Expression,
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
  SimplifyResult,
  SimplifySingleResult,
  SqlBool,
  ValueExpression,
} from 'kysely'
import type { Bound, Orderable, Readable } from './bound-columns.js'
import type { KeyColumn } from './key-columns.js'
import type { RefusedInSelect } from './refused-methods.js'
import type { AllColumns } from './result-types.js'

/** Kysely's own builder of the same query. */
type Base<DB, TB extends keyof DB, O> = SelectQueryBuilder<DB, TB, O>

/** `'column asc'`, which Kysely has deprecated and still takes. */
type Directed<
  DB,
  TB extends keyof DB,
  O,
> = `${(OrderByExpression<DB, TB, O> & string) | (keyof O & string)} ${'asc' | 'desc'}`

/**
 * A select from a table of this dialect. It can be handed to whatever takes Kysely's `SelectQueryBuilder`, but
 * a method that the compiler refuses cannot be called, nor can the query be executed before its hash key is
 * bound.
 *
 * @typeParam K the key columns that are bound so far.
 */
export interface FokosSelectQueryBuilder<DB, TB extends keyof DB, O, K>
  extends RefusedInSelect,
    Pick<
      Base<DB, TB, O>,
      | 'isSelectQueryBuilder'
      | 'expressionType'
      | 'toOperationNode'
      | 'compile'
      | 'explain'
      | '$asTuple'
      | '$asScalar'
      | '$assertType'
      | '$narrowType'
    > {
  where<
    RE extends ReferenceExpression<DB, TB>,
    OP extends ComparisonOperatorExpression,
    VE extends OperandValueExpressionOrList<DB, TB, RE>,
  >(lhs: RE, op: OP, rhs: VE): FokosSelectQueryBuilder<DB, TB, O, K | Bound<DB[TB], TB, RE, OP>>
  where<E extends ExpressionOrFactory<DB, TB, SqlBool>>(
    expression: E,
  ): FokosSelectQueryBuilder<DB, TB, O, KeyColumn<DB[TB]>>
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

  orderBy<OE extends OrderByExpression<DB, TB, O> | Directed<DB, TB, O>>(
    this: Orderable<TB, DB[TB], OE>,
    expr: OE | readonly OE[],
    modifiers?: OrderByModifiers | Expression<unknown>,
  ): FokosSelectQueryBuilder<DB, TB, O, K>
  clearOrderBy(): FokosSelectQueryBuilder<DB, TB, O, K>
  limit<VE extends ValueExpression<DB, TB, number | bigint | null>>(
    limit: VE,
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
    this: Readable<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['execute']>
  ): Promise<SimplifyResult<O>[]>
  executeTakeFirst(
    this: Readable<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirst']>
  ): Promise<SimplifySingleResult<O>>
  /**
   * Nobody can call this one. TypeScript infers from the last overload, and from the one above it would infer,
   * for a helper that takes Kysely's builder of any `O`, an `O` that may be undefined.
   */
  executeTakeFirst(this: never): never
  executeTakeFirstOrThrow(
    this: Readable<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['executeTakeFirstOrThrow']>
  ): Promise<SimplifyResult<O>>
  stream(
    this: Readable<TB, DB[TB], K>,
    ...options: Parameters<Base<DB, TB, O>['stream']>
  ): AsyncIterableIterator<O>
}
