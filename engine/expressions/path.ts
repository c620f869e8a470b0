import { isPlainObject, type Value } from '../values/value.js'
import type { PathLeg } from './expression.js'

/** What lies at the end of a path into a nested value; null where there is nothing. */
export function follow(start: Value, legs: readonly PathLeg[]): Value {
  let value = start
  for (const leg of legs) {
    if (typeof value !== 'object' || value === null) return null
    value = step(value, leg)
  }
  return value ?? null
}

/**
 * A nested value with another value at the end of a path, as `json_set` makes it: objects and elements that are
 * missing on the way are made, an array grows by one at its end only, and where something else is in the way, all
 * stays as it is. Nothing of the value that is given changes.
 */
export function setPath(value: Value, legs: readonly PathLeg[], end: Value): Value {
  const [leg, ...rest] = legs
  if (leg === undefined) return end
  if (typeof value !== 'object' || value === null) return value ?? null
  if (typeof leg === 'string') {
    if (!isPlainObject(value)) return value
    const inner = Object.hasOwn(value, leg) ? setPath(value[leg], rest, end) : made(rest, end)
    if (inner === NOTHING) return value
    // A field of any name is a field, also one that is called __proto__.
    return Object.fromEntries([...Object.entries(value), [leg, inner]]) as Value
  }
  if (!Array.isArray(value)) return value
  const place = typeof leg === 'number' ? leg : value.length - leg.fromEnd
  if (place < 0 || place > value.length) return value
  const inner = place < value.length ? setPath(value[place], rest, end) : made(rest, end)
  if (inner === NOTHING) return value
  return [...value.slice(0, place), inner, ...value.slice(place + 1)]
}

/** Nothing can be made where a path wants an element of an array that is not there, but for the first. */
const NOTHING = Symbol('nothing')

/** What holds nothing but the end of a path. */
function made(legs: readonly PathLeg[], end: Value): Value | typeof NOTHING {
  const [leg, ...rest] = legs
  if (leg === undefined) return end
  const inner = made(rest, end)
  if (inner === NOTHING) return NOTHING
  if (typeof leg === 'string') return Object.fromEntries([[leg, inner]])
  return leg === 0 || (typeof leg === 'object' && leg.fromEnd === 0) ? [inner] : NOTHING
}

function step(value: object, leg: PathLeg): Value {
  if (typeof leg === 'string') {
    return isPlainObject(value) && Object.hasOwn(value, leg) ? value[leg] : null
  }
  if (!Array.isArray(value)) return null
  return value[typeof leg === 'number' ? leg : value.length - leg.fromEnd] ?? null
}
