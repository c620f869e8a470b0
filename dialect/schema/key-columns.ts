import type { ColumnType, InsertType, SelectType } from 'kysely'
import type { KeyPart } from '../../engine/keys/key-codec.js'

declare const KEY: unique symbol

/** A column that is its table's hash key: given at insert, never changed, compared with `=` or `in`. */
export type HashKey<T, Insert = T> = ColumnType<T, Insert, never> & { readonly [KEY]: 'hash' }

/** A column of its table's sort key: given at insert, never changed, the order of the rows of a hash key. */
export type SortKey<T, Insert = T> = ColumnType<T, Insert, never> & { readonly [KEY]: 'sort' }

/** The columns that a row type names, without those that an index signature stands for. */
export type NamedColumn<Row> = keyof {
  [C in keyof Row as string extends C ? never : number extends C ? never : C]: never
}

/** The columns of a row type whose values may stand in a key. */
export type KeyableColumn<Row> = {
  [C in NamedColumn<Row>]: [SelectType<Row[C]>] extends [KeyPart] ? C : never
}[NamedColumn<Row>] &
  string

/** The columns of a row type whose values may say when a row vanishes: dates, or null for never. */
export type ExpiringColumn<Row> = {
  [C in NamedColumn<Row>]: IsAny<Row[C]> extends true
    ? C
    : [SelectType<NonNullable<Row[C]>>] extends [Date | null | undefined]
      ? C
      : never
}[NamedColumn<Row>] &
  string

/** The name of a table's hash key column; `never` when the table is not one of this dialect's. */
export type HashColumn<Row> = MarkedColumn<Row, 'hash'>

/** The names of all key columns of a table. */
export type KeyColumn<Row> = MarkedColumn<Row, 'hash' | 'sort'>

type MarkedColumn<Row, Mark> = {
  [C in NamedColumn<Row>]: IsAny<Row[C]> extends true
    ? never
    : NonNullable<Row[C]> extends { readonly [KEY]: Mark }
      ? C
      : never
}[NamedColumn<Row>] &
  string

/** The names of the columns that an insert must give. */
export type RequiredColumn<Row> = {
  [C in NamedColumn<Row>]: undefined extends InsertType<Row[C]> ? never : C
}[NamedColumn<Row>] &
  string

/** The tables of a database that have a hash key. Of `any` there are none. */
export type FokosTable<DB> =
  IsAny<DB> extends true
    ? never
    : {
        [T in keyof DB]: IsAny<DB[T]> extends true ? never : [HashColumn<DB[T]>] extends [never] ? never : T
      }[keyof DB] &
        string

/** `unknown` when a database has tables of this dialect, so that a method is there, else `never`. */
export type OnlyFokos<DB> = [FokosTable<DB>] extends [never] ? never : unknown

export type IsAny<T> = 0 extends 1 & T ? true : false
