import { InvalidValueError } from '../errors.js'
import { isPlainObject } from './value.js'

/** Deeper nesting is refused, so that a walk never exhausts the stack. */
const MAX_DEPTH = 100

/** What JSON itself can carry needs no description of types beside it. */
export type Encoding = 'json' | 'superjson'

/** Where a walk is: the objects that it is inside of, and the step that it took into each. */
interface Place {
  readonly name: string
  readonly inside: object[]
  readonly steps: unknown[]
}

/**
 * Walks a value and says what it takes to store it, or refuses it: what comes back must be what went in.
 *
 * @param name what messages call the value.
 * @throws {InvalidValueError} for a function, a symbol, an invalid date, a cycle, an instance of a class that
 * is not listed in {@link Value}, or nesting deeper than 100. Its message starts with the path to the value.
 */
export function checkValue(value: unknown, name: string): Encoding {
  return walk(value, { name, inside: [], steps: [] })
}

function walk(value: unknown, place: Place): Encoding {
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
      return value === null ? 'json' : walkObject(value, place)
    default:
      throw refused(place, `a ${typeof value} cannot be stored`)
  }
}

function walkObject(value: object, place: Place): Encoding {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(place, 'an invalid date cannot be stored')
    return 'superjson'
  }
  if (value instanceof Uint8Array) return 'superjson'
  if (place.inside.includes(value)) throw refused(place, 'a value that holds itself cannot be stored')
  if (place.inside.length >= MAX_DEPTH) throw refused(place, `values nest at most ${MAX_DEPTH} deep`)
  place.inside.push(value)
  const encoding = walkChildren(value, place)
  place.inside.pop()
  return encoding
}

function walkChildren(value: object, place: Place): Encoding {
  let encoding: Encoding = 'json'
  const child = (step: unknown, held: unknown) => {
    place.steps.push(step)
    if (walk(held, place) === 'superjson') encoding = 'superjson'
    place.steps.pop()
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) throw refused(place, 'an array with holes cannot be stored')
      child(i, value[i])
    }
    return encoding
  }
  if (value instanceof Map) {
    for (const [key, held] of value) {
      child('a key', key)
      child(key, held)
    }
    return 'superjson'
  }
  if (value instanceof Set) {
    for (const held of value) child('a member', held)
    return 'superjson'
  }
  if (!isPlainObject(value)) {
    const type = value.constructor?.name ?? 'a class'
    throw refused(place, `an instance of ${type} cannot be stored; store its fields as a plain object`)
  }
  for (const field of Object.keys(value)) {
    if (field === '__proto__' || field === 'constructor' || field === 'prototype') {
      throw refused(place, `a field cannot be named ${field}`)
    }
    child(field, value[field])
  }
  return encoding
}

function refused({ name, steps }: Place, reason: string): InvalidValueError {
  const path = steps.map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${typeof step === 'object' ? '{…}' : String(step)}`,
  )
  return new InvalidValueError(`${name}${path.join('')}: ${reason}`)
}
