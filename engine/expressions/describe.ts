import { isPlainObject, type Value } from '../values/value.js'

/** What a message calls a value: its type, never its content, which may be private. */
export function describe(value: Value): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  return isPlainObject(value) ? 'an object' : `a ${value.constructor.name}`
}
