import { InvalidValueError } from '../errors.js'
import { isPlainObject } from './value.js'

/** Deeper nesting is refused, so that a walk never exhausts the stack. */
const MAX_DEPTH = 100

/** What JSON itself can carry needs no description of types beside it. */
export type Encoding = 'json' | 'superjson'

/**
 * Walks a value and says what it takes to store it, or refuses it: what comes back must be what went in.
 *
 * @throws {InvalidValueError} for a function, a symbol, an invalid date, a cycle, an instance of a class that
 * is not listed in {@link Value}, or nesting deeper than 100. Its message starts with the path to the value.
 */
export function checkValue(value: unknown, path: string): Encoding {
  return walk(value, path, [])
}

function walk(value: unknown, path: string, above: object[]): Encoding {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return 'json'
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? 'json' : 'superjson'
    case 'undefined':
    case 'bigint':
      return 'superjson'
    case 'object':
      return value === null ? 'json' : walkObject(value, path, above)
    default:
      throw new InvalidValueError(`${path}: a ${typeof value} cannot be stored`)
  }
}

function walkObject(value: object, path: string, above: object[]): Encoding {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime()))
      throw new InvalidValueError(`${path}: an invalid date cannot be stored`)
    return 'superjson'
  }
  if (value instanceof Uint8Array) return 'superjson'
  if (above.includes(value))
    throw new InvalidValueError(`${path}: a value that holds itself cannot be stored`)
  if (above.length >= MAX_DEPTH) {
    throw new InvalidValueError(`${path}: values nest at most ${MAX_DEPTH} deep`)
  }
  above.push(value)
  const encoding = walkChildren(value, path, above)
  above.pop()
  return encoding
}

function walkChildren(value: object, path: string, above: object[]): Encoding {
  if (Array.isArray(value)) {
    let encoding: Encoding = 'json'
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) throw new InvalidValueError(`${path}: an array with holes cannot be stored`)
      encoding = wider(walk(value[i], `${path}[${i}]`, above), encoding)
    }
    return encoding
  }
  if (value instanceof Map) {
    for (const [key, held] of value) {
      walk(key, `a key of ${path}`, above)
      walk(held, `${path}.get(${String(key)})`, above)
    }
    return 'superjson'
  }
  if (value instanceof Set) {
    for (const held of value) walk(held, `a member of ${path}`, above)
    return 'superjson'
  }
  if (!isPlainObject(value)) {
    const name = value.constructor?.name ?? 'unknown'
    throw new InvalidValueError(
      `${path}: an instance of ${name} cannot be stored; store its fields as a plain object`,
    )
  }
  let encoding: Encoding = 'json'
  for (const field of Object.keys(value)) {
    if (field === '__proto__' || field === 'constructor' || field === 'prototype') {
      throw new InvalidValueError(`${path}: a field cannot be named ${field}`)
    }
    encoding = wider(walk((value as Record<string, unknown>)[field], `${path}.${field}`, above), encoding)
  }
  return encoding
}

function wider(left: Encoding, right: Encoding): Encoding {
  return left === 'superjson' ? left : right
}
