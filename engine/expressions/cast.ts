import { InvalidRequestError, TypeMismatchError } from '../errors.js'
import type { Value } from '../values/value.js'
import { describe } from './describe.js'
import type { CastType } from './expression.js'
import { toInt64 } from './int64.js'

/** Numbers as SQLite reads them at the beginning of a text. */
const INTEGER = /^[\t\n\v\f\r ]*([+-]?\d+)/
const REAL = /^[\t\n\v\f\r ]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/

/** @throws {TypeMismatchError} for what is nested, and for bytes and dates as text. */
export function cast(value: Value, to: CastType): Value {
  if (value === null || value === undefined || Number.isNaN(value)) return null
  switch (to) {
    case 'text':
      return castToText(value)
    case 'real':
      return typeof value === 'string' ? Number(REAL.exec(value)?.[1] ?? 0) : Number(numberOf(value, to))
    case 'bigint':
      return integerOf(value)
    case 'integer':
      return typeof value === 'bigint' ? value : Number(integerOf(value))
    default:
      // From a newer version: what is not understood is refused.
      to satisfies never
      throw new InvalidRequestError(`nothing is cast to ${String(to)}`)
  }
}

function castToText(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  throw mismatch(value, 'text')
}

/** A bigint may be as large as it is. */
function integerOf(value: Value): bigint {
  if (typeof value === 'bigint') return value
  return toInt64(
    typeof value === 'string' ? BigInt(INTEGER.exec(value)?.[1] ?? 0) : numberOf(value, 'integer'),
  )
}

function numberOf(value: Value, to: CastType): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date) return value.getTime()
  throw mismatch(value, to)
}

function mismatch(value: Value, to: CastType): TypeMismatchError {
  return new TypeMismatchError(`${describe(value)} cannot be cast to ${to}`)
}
