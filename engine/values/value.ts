/**
 * What a column holds. Nested `undefined` is kept; a column that is `undefined` is a column that is not there.
 */
export type Value =
  | null
  | undefined
  | string
  | number
  | boolean
  | bigint
  | Date
  | Uint8Array
  | ReadonlyMap<Value, Value>
  | ReadonlySet<Value>
  | readonly Value[]
  | { readonly [field: string]: Value }

/** An item as its columns. The engine looks into it only where an expression does. */
export type Item = { readonly [column: string]: Value }

/** Whether a value is an object of the language's own kind, not an instance of a class. */
export function isPlainObject(value: object): value is { readonly [field: string]: Value } {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
