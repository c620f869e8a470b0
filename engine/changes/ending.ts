import { InvalidValueError } from '../errors.js'
import type { Millis } from '../ports.js'
import { columnOf } from '../values/item-text.js'
import type { Item } from '../values/value.js'

/** When an item ends by itself, and who says so. */
export interface Ending {
  /** From then on it is not there; null: it never ends. */
  readonly expires: Millis | null
  /** The column that says so, where that is known. */
  readonly expiresAt?: string | undefined
}

/** Of an item that does not end. */
export const NEVER: Ending = { expires: null }

/**
 * When an item ends, by one of its columns.
 *
 * @param index which change of its statement makes it, for what it throws.
 * @throws {InvalidValueError} when the column holds something else than a Date or null.
 */
export function endingOf(item: Item, expiresAt: string, index: number): Ending {
  const value = columnOf(item, expiresAt)
  if (value === null) return { expires: null, expiresAt }
  if (value instanceof Date) return { expires: value.getTime(), expiresAt }
  throw new InvalidValueError(
    `the column "${expiresAt}" says when the row ends: it holds a Date, or null for never, and not ${kindOf(value)}`,
    { column: expiresAt, index },
  )
}

/** Whether something that ends then has ended. */
export function isOver(expires: Millis | null | undefined, now: Millis): boolean {
  return expires !== null && expires !== undefined && expires <= now
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  return `an object of the kind ${value.constructor?.name ?? 'Object'}`
}
