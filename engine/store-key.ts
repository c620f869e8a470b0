import { InvalidRequestError, InvalidValueError } from './errors.js'
import { encodeKey, type KeyPart } from './keys/key-codec.js'
import type { Expiring, ItemKey } from './operations.js'
import { encodeItem, type ItemText } from './values/item-text.js'
import { type Item, isPlainObject } from './values/value.js'

/** One part of a key, or several in order. */
export type KeyOf = KeyPart | readonly KeyPart[]

/** Where an item is. Items of one hash key live together, in the order of their sort keys. */
export interface StoreKey {
  readonly hashKey: KeyOf
  /** Nothing when the hash key has one item. */
  readonly sortKey?: KeyOf
}

/** @throws {InvalidRequestError} for a field that is not `known`: a misspelt condition must not be none. */
export function refuseUnknown(call: string, options: object, known: readonly string[]): void {
  const name = Object.keys(options).find((field) => !known.includes(field))
  if (name === undefined) return
  throw new InvalidRequestError(`${call}: there is no "${name}" here; there are ${known.join(', ')}`, {
    field: name,
  })
}

/** An item as it is stored. @throws {InvalidValueError} for what is no object of columns. */
export function itemText(value: Item): ItemText {
  if (typeof value === 'object' && value !== null && isPlainObject(value)) return encodeItem(value)
  throw new InvalidValueError('an item is a plain object of columns: put other values into a column')
}

/** What makes an item that ends by itself. @throws {InvalidRequestError} when it names no column. */
export function expires(expiresAt: string | undefined): Expiring {
  if (expiresAt === undefined) return {}
  if (typeof expiresAt === 'string' && expiresAt !== '') return { expiresAt }
  throw new InvalidRequestError(`expiresAt names a column by a text, not ${String(expiresAt)}`)
}

/** A key's parts. */
export function parts(key: KeyOf): readonly KeyPart[] {
  return Array.isArray(key) ? key : [key as KeyPart]
}

/** A key as the engine has it. */
export function itemKey({ hashKey, sortKey = [] }: StoreKey): ItemKey {
  return { hashKey: encodeKey(parts(hashKey)), sortKey: encodeKey(parts(sortKey)) }
}
