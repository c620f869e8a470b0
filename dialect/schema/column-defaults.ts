import type { SelectType } from 'kysely'
import { ConfigurationError, InvalidValueError } from '../../engine/errors.js'
import { whyNotAKeyPart } from '../../engine/keys/key-codec.js'
import { checkValue } from '../../engine/values/check-value.js'
import type { Value } from '../../engine/values/value.js'
import type { FokosTypeError } from './fokos-type-error.js'
import { thrownMessage } from './thrown-message.js'

/** What a column holds where an insert leaves it out: a value, or what a function answers for each row. */
export type ColumnDefault = Value | (() => Value)

/** What may be declared as the default of a column: what a select gives for it, or a function that makes that. */
export type DefaultFor<Row, C extends string> = C extends keyof Row
  ? Exclude<SelectType<Row[C]>, undefined> | (() => Exclude<SelectType<Row[C]>, undefined>)
  : FokosTypeError<`fokos: there is no column "${C}" to have a default`>

/**
 * The defaults of a table by column.
 *
 * @throws {ConfigurationError} for a constant that the column could not hold. What a function makes shows only
 * when it is called.
 */
export function readDefaults(
  table: string,
  key: readonly string[],
  declared: object,
): ReadonlyMap<string, ColumnDefault> {
  const defaults = new Map<string, ColumnDefault>(Object.entries(declared))
  for (const [column, value] of defaults) {
    const why = whyNotADefault(table, column, value, key.includes(column))
    if (why === undefined) continue
    throw new ConfigurationError(`the default of a column cannot be used: ${why}`, { table, column })
  }
  return defaults
}

function whyNotADefault(
  table: string,
  column: string,
  value: ColumnDefault,
  inKey: boolean,
): string | undefined {
  const where = `${table}.${column}`
  if (value === undefined) return `${where}: it is undefined; leave it out instead`
  const constant = typeof value === 'function' ? null : value
  try {
    // The column's name is checked too.
    checkValue({ [column]: constant }, table)
  } catch (error) {
    if (error instanceof InvalidValueError) return error.message
    throw error
  }
  const why = inKey && typeof value !== 'function' ? whyNotAKeyPart(constant) : undefined
  return why === undefined ? undefined : `${where}: ${why}`
}

/**
 * What a default comes to for one row.
 *
 * @throws {InvalidValueError} when the function throws, or answers a promise or nothing.
 */
export function makeDefault(table: string, column: string, declared: ColumnDefault): Value {
  if (typeof declared !== 'function') return declared
  const refused = (why: string, options?: ErrorOptions) =>
    new InvalidValueError(`${table}.${column}: its default ${why}`, { table, column }, options)
  let value: unknown
  try {
    value = declared()
  } catch (cause) {
    throw refused(`threw: ${thrownMessage(cause)}`, { cause })
  }
  if (value === undefined) throw refused('answered undefined: answer null where the column holds nothing')
  if (value instanceof Promise) {
    // Nobody waits for it, so nobody else would hear of it.
    value.catch(() => {})
    throw refused('answered a promise: queries are compiled at once, so the value must be there at once')
  }
  return value as Value
}
