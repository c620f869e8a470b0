import { compareBytes } from '../keys/compare-bytes.js'
import { isPlainObject, type Value } from './value.js'

/**
 * The order of two values: negative, zero, positive, or `null` where there is none, which a condition reads as
 * "unknown": one of them is null, is NaN, is nested, or they are of different types. Numbers and bigints
 * compare as numbers; strings by code points, which is the order of their UTF-8 bytes.
 */
export function compareValues(left: Value, right: Value): number | null {
  if (typeof left === 'string') {
    return typeof right === 'string' ? compareStrings(left, right) : null
  }
  if (typeof left === 'number' || typeof left === 'bigint') {
    return typeof right === 'number' || typeof right === 'bigint' ? compareNumbers(left, right) : null
  }
  if (typeof left === 'boolean') {
    return typeof right === 'boolean' ? Number(left) - Number(right) : null
  }
  if (left instanceof Date) return right instanceof Date ? left.getTime() - right.getTime() : null
  if (left instanceof Uint8Array) return right instanceof Uint8Array ? compareBytes(left, right) : null
  return null
}

/**
 * Whether two values are equal; `null` (unknown) when one of them is null. Values of different types are not,
 * but 1 and 1n are one number. Nested ones are equal when all in them is, whatever the order of fields, map
 * entries or set members (keys and members that are objects themselves: in order).
 */
export function equalValues(left: Value, right: Value): boolean | null {
  if (left === null || left === undefined || right === null || right === undefined) return null
  return identicalValues(left, right)
}

/** As {@link equalValues}, but null equals null, and NaN equals NaN: what `is not distinct from` asks. */
export function identicalValues(left: Value, right: Value): boolean {
  if (left === right) return true
  if (left === null || left === undefined) return right === null || right === undefined
  if (right === null || right === undefined) return false
  if (typeof left === 'number' || typeof left === 'bigint') {
    if (typeof right !== 'number' && typeof right !== 'bigint') return false
    // biome-ignore lint/suspicious/noDoubleEquals: 1 == 1n is the comparison that is meant
    return left == right || (Number.isNaN(left) && Number.isNaN(right))
  }
  return typeof left === 'object' && typeof right === 'object' && identicalObjects(left, right)
}

function identicalObjects(left: object, right: object): boolean {
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime()
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0
  if (Array.isArray(left)) return Array.isArray(right) && identicalLists(left, right)
  if (left instanceof Map) return right instanceof Map && identicalMaps(left, right)
  if (left instanceof Set) return right instanceof Set && identicalSets(left, right)
  if (!isPlainObject(left) || !isPlainObject(right)) return false
  const fields = Object.keys(left)
  return (
    fields.length === Object.keys(right).length &&
    fields.every((field) => Object.hasOwn(right, field) && identicalValues(left[field], right[field]))
  )
}

function identicalLists(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((value, i) => identicalValues(value, right[i]))
}

function identicalMaps(left: ReadonlyMap<Value, Value>, right: ReadonlyMap<Value, Value>): boolean {
  return (
    identicalSets(new Set(left.keys()), new Set(right.keys())) &&
    [...left].every(([key, value]) => isObject(key) || identicalValues(value, right.get(key))) &&
    identicalLists(objectEntries(left), objectEntries(right))
  )
}

/** Members that are objects are compared in order: to find partners for them would take quadratic time. */
function identicalSets(left: ReadonlySet<Value>, right: ReadonlySet<Value>): boolean {
  return (
    left.size === right.size &&
    [...left].every((value) => isObject(value) || right.has(value)) &&
    identicalLists([...left].filter(isObject), [...right].filter(isObject))
  )
}

function objectEntries(map: ReadonlyMap<Value, Value>): Value[] {
  return [...map].filter(([key]) => isObject(key))
}

function isObject(value: Value): boolean {
  return typeof value === 'object' && value !== null
}

/** UTF-16 units in the order of the code points that they belong to: surrogates above all others. */
function inCodePointOrder(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

function compareStrings(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let i = 0; i < shared; i++) {
    const l = left.charCodeAt(i)
    const r = right.charCodeAt(i)
    if (l !== r) return inCodePointOrder(l) - inCodePointOrder(r)
  }
  return left.length - right.length
}

function compareNumbers(left: number | bigint, right: number | bigint): number | null {
  if (left < right) return -1
  if (left > right) return 1
  // biome-ignore lint/suspicious/noDoubleEquals: 1 == 1n is the comparison that is meant
  return left == right ? 0 : null
}
