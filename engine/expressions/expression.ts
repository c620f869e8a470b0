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
 * - `case`: the value of the first branch whose condition holds, else `otherwise`, else null.
 * - `call`: see {@link ScalarFunction}.
 * - `cast`: see {@link CastType}.
 * - `setPath`: a nested value in which one place is another value, as SQLite's `json_set` does: what is missing on
 *   the way is made, what is in the way is left as it is, and so is a value that is null.
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
  | {
      readonly kind: 'case'
      readonly branches: readonly { readonly when: Expression; readonly value: Expression }[]
      readonly otherwise?: Expression
    }
  | { readonly kind: 'call'; readonly function: ScalarFunction; readonly operands: readonly Expression[] }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly to: CastType }
  | {
      readonly kind: 'setPath'
      readonly operand: Expression
      readonly legs: readonly PathLeg[]
      readonly value: Expression
    }

/** How two values compare: `=` and `!=` take any types, the others numbers, strings, booleans, dates or bytes. */
export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>='
/** On numbers and bigints. `/` of two bigints leaves the rest out; `/` and `%` by zero are null. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%'

/**
 * What SQLite's functions of these names do, with its rules for null. Operands of a type that SQLite would turn into
 * another are a TypeMismatchError.
 *
 * - `lower`, `upper`: of the letters a to z; other letters stay as they are.
 * - `length`: the characters of a text (code points), or the bytes of bytes.
 * - `abs`: of a number or a bigint.
 * - `round`: to so many digits behind the point (0 where nothing is said, at most 30), halves away from zero.
 * - `concat`: texts joined; null is no text. (`||`, which is null with a null, is an expression of its own.)
 * - `coalesce`: the first operand that is not null. `nullif`: the first, or null if it equals the second.
 * - `trim`, `ltrim`, `rtrim`: without the spaces, or the characters of a second text, at both ends or one of them.
 * - `substr`: of a text from a place on (1 is the first character, -1 the last), and how many characters.
 */
export type ScalarFunction = (typeof SCALAR_FUNCTIONS)[number]

/** The functions that `call` knows. */
export const SCALAR_FUNCTIONS = [
  'lower',
  'upper',
  'length',
  'abs',
  'round',
  'concat',
  'coalesce',
  'nullif',
  'trim',
  'ltrim',
  'rtrim',
  'substr',
] as const

/**
 * What `cast` makes of a value. Text becomes the number that it begins with, 0 if it begins with none. A number
 * loses its fraction on the way to an integer, and stays between -2^63 and 2^63. Booleans are 1 and 0, dates are
 * milliseconds since 1970. Null stays null; what is nested is a TypeMismatchError.
 *
 * - `integer`: a number without a fraction; a bigint stays one.
 * - `bigint`: a bigint.
 * - `real`: a number.
 * - `text`: a text; of a number, the shortest that means it.
 */
export type CastType = 'integer' | 'bigint' | 'real' | 'text'

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
