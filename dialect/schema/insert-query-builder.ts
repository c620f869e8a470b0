import type {
  CallbackSelection,
  InsertQueryBuilder,
  InsertResult,
  KyselyPlugin,
  SelectCallback,
  SelectExpression,
  Selection,
} from 'kysely'
import type { Explanation } from '../driver/explanation.js'
import type { MadeOfDefaults } from './bound-columns.js'
import type { RefusedInInsert } from './refused-methods.js'
import type { AllColumns, ExplanationLike, Narrowed, Returned, ReturnedIf } from './result-types.js'

type Base<DB, TB extends keyof DB, O> = InsertQueryBuilder<DB, TB, O>

/**
 * An insert into a table of this dialect. A row without its whole key is not an `Insertable`, unless defaults make
 * what is missing.
 */
export interface FokosInsertQueryBuilder<DB, TB extends keyof DB, O> extends RefusedInInsert {
  toOperationNode: Base<DB, TB, O>['toOperationNode']
  compile: Base<DB, TB, O>['compile']
  execute: Base<DB, TB, O>['execute']
  executeTakeFirst: Base<DB, TB, O>['executeTakeFirst']
  executeTakeFirstOrThrow: Base<DB, TB, O>['executeTakeFirstOrThrow']
  stream: Base<DB, TB, O>['stream']
  $assertType: Base<DB, TB, O>['$assertType']

  values(insert: Parameters<Base<DB, TB, O>['values']>[0]): FokosInsertQueryBuilder<DB, TB, O>
  columns(columns: readonly (keyof DB[TB] & string)[]): FokosInsertQueryBuilder<DB, TB, O>
  defaultValues(this: MadeOfDefaults<TB, DB[TB]>): FokosInsertQueryBuilder<DB, TB, O>
  onConflict(callback: Parameters<Base<DB, TB, O>['onConflict']>[0]): FokosInsertQueryBuilder<DB, TB, O>
  ignore(): FokosInsertQueryBuilder<DB, TB, O>
  orIgnore(): FokosInsertQueryBuilder<DB, TB, O>
  orAbort(): FokosInsertQueryBuilder<DB, TB, O>
  orReplace(): FokosInsertQueryBuilder<DB, TB, O>

  returning<SE extends SelectExpression<DB, TB>>(
    selections: ReadonlyArray<SE>,
  ): FokosInsertQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>>
  returning<const CB extends SelectCallback<DB, TB>>(
    callback: CB,
  ): FokosInsertQueryBuilder<DB, TB, Returned<O, CallbackSelection<DB, TB, CB>>>
  returning<SE extends SelectExpression<DB, TB>>(
    selection: SE,
  ): FokosInsertQueryBuilder<DB, TB, Returned<O, Selection<DB, TB, SE>>>
  returningAll(): FokosInsertQueryBuilder<DB, TB, Returned<O, AllColumns<DB, TB>>>
  clearReturning(): FokosInsertQueryBuilder<DB, TB, InsertResult>

  $call<T>(func: (qb: this) => T): T
  $if<O2>(
    condition: boolean,
    // biome-ignore lint/suspicious/noExplicitAny: as in Kysely, whatever the callback makes of the builder
    func: (qb: this) => FokosInsertQueryBuilder<any, any, O2>,
  ): FokosInsertQueryBuilder<DB, TB, ReturnedIf<O, O2>>
  $castTo<C>(): FokosInsertQueryBuilder<DB, TB, C>
  $narrowType<T>(): FokosInsertQueryBuilder<DB, TB, Narrowed<O, T>>
  withPlugin(plugin: KyselyPlugin): FokosInsertQueryBuilder<DB, TB, O>
  /** Says what would be sent, and to which partitions, without doing it. */
  explain<E extends ExplanationLike = Explanation>(): Promise<E[]>
}
