import type { SelectType } from 'kysely'
import type { FokosTypeError } from './fokos-type-error.js'
import type { IsAny, NamedColumn } from './key-columns.js'

/**
 * What validates rows: anything that follows version 1 of the Standard Schema specification
 * (https://standardschema.dev), as zod, valibot and arktype do. It must answer at once, not with a promise.
 */
export interface RowValidator {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => ValidatorAnswer | Promise<ValidatorAnswer>
    readonly types?: { readonly input: unknown; readonly output: unknown } | undefined
  }
}

/** What a validator answers: issues, or none. What it makes of the value is not looked at. */
export interface ValidatorAnswer {
  readonly issues?: readonly ValidatorIssue[] | undefined
}

/** What a validator does not like, and where. */
export interface ValidatorIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a validator must be for rows of this type: what it lets through must be such a row. */
export type ValidatorFor<Row, V> = [Misfit<Row, InputOf<V>>] extends [never]
  ? unknown
  : FokosTypeError<MisfitText<Misfit<Row, InputOf<V>>>>

/** What a validator lets through, before it changes it. */
type InputOf<V> = V extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly input: infer Input }
    ? Input
    : unknown
  : unknown

/** The columns that a validator lets be something else than their type. */
type Misfit<Row, Input> =
  IsAny<Input> extends true
    ? never
    : {
        [C in NamedColumn<Row>]-?: C extends keyof Input
          ? [Input[C]] extends [ColumnValue<Row, C>]
            ? never
            : C
          : undefined extends ColumnValue<Row, C>
            ? never
            : C
      }[NamedColumn<Row>] &
        string

/** What is read from a column: undefined too, where it may be missing. */
type ColumnValue<Row, C extends keyof Row> =
  // biome-ignore lint/complexity/noBannedTypes: the question is whether a row without the column is one
  {} extends Pick<Row, C> ? SelectType<Row[C]> | undefined : SelectType<Row[C]>

/** A text for each such column. */
type MisfitText<Column> = Column extends string
  ? `fokos: the validator lets "${Column}" be something else than the row type says`
  : never
