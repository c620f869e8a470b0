import type { Item, Value } from '../values/value.js'

/**
 * What is computed beside the items: conditions, filters, assignments, projections. Plain data, evaluated in
 * the partition with SQL's three-valued logic: a condition is true, false or null ("unknown"), and only true
 * lets an item pass.
 *
 * - `value`: a constant.
 * - `column`: a column of the item, null where it has none. `of: 'proposed'` reads the item that an upsert
 *   brought instead of the one that is there (SQL's `excluded`).
 * - `path`: a field or element inside a nested value, null where there is none; `fromEnd: 1` is an array's last.
 * - `compare`: see `compareValues`; `=` and `!=` take values of any type.
 * - `compareTuples`: part by part, in the order of keys: parts of one type by value, parts of different types by
 *   type. Unknown when it comes down to a part that is null or cannot stand in a key.
 * - `identical`: as `=`, but null is identical to null, so it is never unknown (SQL's `is`).
 * - `in`: whether the operand equals one of the list, in SQL's logic: unknown when not found beside a null.
 * - `like`: `%` any text, `_` any character, case-sensitive, no escape character.
 * - `arithmetic`: on numbers and bigints. `/` by zero is null; `%` takes the integer part of both, as SQLite does.
 * - `exists`: whether there is an item at all.
 */
export type Expression =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'column'; readonly column: string; readonly of?: 'proposed' }
  | { readonly kind: 'path'; readonly operand: Expression; readonly legs: readonly PathLeg[] }
  | {
      readonly kind: 'compare'
      readonly operator: ComparisonOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'compareTuples'
      readonly operator: '<' | '<=' | '>' | '>='
      readonly left: readonly Expression[]
      readonly right: readonly Expression[]
    }
  | { readonly kind: 'identical'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'like'; readonly operand: Expression; readonly pattern: Expression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | { readonly kind: 'not' | 'negate'; readonly operand: Expression }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'concat'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'exists' }

/** How two values compare: `=` and `!=` take any types, the others numbers, strings, booleans, dates or bytes. */
export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>='
/** On numbers and bigints. `/` of two bigints leaves the rest out; `/` and `%` by zero are null. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%'

/** One step into a nested value: a field's name, an element's place, or its place counted from the end. */
export type PathLeg = string | number | { readonly fromEnd: number }

/** `column = value`: all of an update's values are computed from the item as it was before. */
export interface Assignment {
  readonly column: string
  readonly value: Expression
}

/** What of an item an answer holds: `'all'`, or a list in which later entries of one name win. */
export type Projection = 'all' | readonly ProjectedColumn[]

/** All columns of the item, or one that is computed: `{ kind: 'as', name: 'n', value: column('count') }`. */
export type ProjectedColumn =
  | { readonly kind: 'all' }
  | { readonly kind: 'as'; readonly name: string; readonly value: Expression }

/** What an expression reads: the item that is there, if any, and the one that an upsert brought. */
export interface Operands {
  readonly item: Item | undefined
  readonly proposed?: Item
}
