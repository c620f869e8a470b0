import type {
  DeleteResult,
  InsertResult,
  MergeResult,
  NotNull,
  Selectable,
  Simplify,
  UpdateResult,
} from 'kysely'

/** A row of all of a table's columns. */
export type AllColumns<DB, TB extends keyof DB> = Selectable<DB[TB]>

/** What a select answers: as Kysely's `SimplifyResult`, which not every version of it exports. */
export type SelectedRow<O> = O extends InsertResult | UpdateResult | DeleteResult | MergeResult
  ? O
  : Simplify<O>

/** As Kysely's `SimplifySingleResult`. */
export type SelectedRowOrNone<O> = O extends InsertResult | UpdateResult | DeleteResult | MergeResult
  ? O
  : Simplify<O> | undefined

/** What a write answers once it returns rows: the rows, or more of their columns. */
export type Returned<O, Row> = O extends InsertResult | UpdateResult | DeleteResult ? Row : O & Row

/** What `$narrowType` makes of a result. */
export type Narrowed<O, T> = {
  [C in keyof O]: C extends keyof T
    ? T[C] extends NotNull
      ? Exclude<O[C], null>
      : T[C] extends O[C]
        ? T[C]
        : Narrowed<O[C], T[C]>
    : O[C]
}

/** What `$if` makes of a write's result: columns that are returned on one side only may be missing. */
export type ReturnedIf<O, O2> = O2 extends InsertResult | UpdateResult | DeleteResult
  ? O
  : O2 extends O & infer More
    ? O & Partial<More>
    : Partial<O2>

/** As Kysely's builders have it, so that ours go where they go. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely's own
export type ExplanationLike = Record<string, any>
