import { InvalidRequestError, TypeMismatchError } from '../errors.js'
import { equalValues } from '../values/compare-values.js'
import type { Value } from '../values/value.js'
import { describe } from './describe.js'
import type { ScalarFunction } from './expression.js'

/** Digits behind the point that `round` keeps at most, as in SQLite. */
const MAX_DIGITS = 30
/** From here on, doubles have no fraction. */
const WHOLE = 2 ** 52

/** @throws {TypeMismatchError} for an operand of another type than the function takes. */
export function call(name: ScalarFunction, operands: readonly Value[]): Value {
  const [first = null, second] = operands
  switch (name) {
    case 'coalesce':
      return operands.find(isThere) ?? null
    case 'nullif':
      return equalValues(first, second) === true ? null : first
    case 'concat':
      return operands
        .filter(isThere)
        .map((operand) => text(name, operand))
        .join('')
    default:
      // The others are null with a null.
      return operands.every(isThere) ? compute(name, first, operands.slice(1)) : null
  }
}

function compute(
  name: Exclude<ScalarFunction, 'coalesce' | 'nullif' | 'concat'>,
  first: Value,
  others: readonly Value[],
): Value {
  switch (name) {
    case 'lower':
      return text(name, first).replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    case 'upper':
      return text(name, first).replace(/[a-z]+/g, (letters) => letters.toUpperCase())
    case 'length':
      return first instanceof Uint8Array ? first.length : [...text(name, first)].length
    case 'abs': {
      const number = numeric(name, first)
      return number < 0 ? -number : number
    }
    case 'round':
      return round(numeric(name, first), integer(name, others[0] ?? 0))
    case 'trim':
    case 'ltrim':
    case 'rtrim':
      return trim(name, text(name, first), text(name, others[0] ?? ' '))
    case 'substr':
      return substr(
        [...text(name, first)],
        integer(name, others[0] as Value),
        others.length < 2 ? undefined : integer(name, others[1] as Value),
      )
    default:
      // From a newer version: what is not understood is refused.
      name satisfies never
      throw new InvalidRequestError(`there is no function ${String(name)}`)
  }
}

/**
 * Halves go away from zero. What counts is what the double is exactly: 2.675 is less than that, and becomes 2.67. To no
 * digits SQLite adds a half, which may round up to a whole number itself.
 */
function round(number: number | bigint, digits: number): number | bigint {
  if (typeof number === 'bigint' || !Number.isFinite(number) || Math.abs(number) >= WHOLE) return number
  const magnitude = Math.abs(number)
  const rounded =
    digits <= 0 ? Math.trunc(magnitude + 0.5) : Number(magnitude.toFixed(Math.min(digits, MAX_DIGITS)))
  return number < 0 ? -rounded : rounded
}

function trim(name: 'trim' | 'ltrim' | 'rtrim', trimmed: string, unwanted: string): string {
  const characters = [...trimmed]
  const drop = new Set(unwanted)
  const wanted = (character: string) => !drop.has(character)
  const from = name === 'rtrim' ? 0 : characters.findIndex(wanted)
  const to = name === 'ltrim' ? characters.length : characters.findLastIndex(wanted) + 1
  return from < 0 ? '' : characters.slice(from, to).join('')
}

/** Place 0 is before the first character, and a negative length takes what is before the place. */
function substr(characters: readonly string[], place: number, length = Number.POSITIVE_INFINITY): string {
  const start = place < 0 ? characters.length + place : place - 1
  const [from, to] = length < 0 ? [start + length, start] : [start, start + length]
  return characters.slice(Math.max(from, 0), Math.max(to, 0)).join('')
}

function isThere(value: Value): boolean {
  return value !== null && value !== undefined && !Number.isNaN(value)
}

function text(name: ScalarFunction, value: Value): string {
  if (typeof value === 'string') return value
  throw new TypeMismatchError(`${name} takes text, not ${describe(value)}`)
}

function numeric(name: ScalarFunction, value: Value): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeMismatchError(`${name} takes a number, not ${describe(value)}`)
}

function integer(name: ScalarFunction, value: Value): number {
  return Math.trunc(Number(numeric(name, value)))
}
