import SuperJSON from 'superjson'
import { InvalidValueError } from '../errors.js'
import { decodeBase64, encodeBase64 } from './base64.js'
import { checkValue } from './check-value.js'
import type { Item, Value } from './value.js'

/**
 * An item as it is stored and sent: JSON text that nobody parses who only passes it on.
 *
 * `{…}` is an item that JSON can carry as it is. `[{…}, annotations]` is one with dates, bigints and the like:
 * superjson's two halves, of its annotations' version 1. The first character says which, so that a later
 * format can have another.
 */
export type ItemText = string & { readonly __itemText: true }

/** Where superjson's annotations changed last; it writes the same number itself. */
const ANNOTATIONS_VERSION = 1

const utf8 = new TextEncoder()
const superjson = new SuperJSON()
// superjson would write bytes as a list of decimal numbers, at 3.6 characters a byte instead of 1.3.
superjson.registerCustom<Uint8Array, string>(
  {
    isApplicable: (value): value is Uint8Array => value instanceof Uint8Array,
    serialize: encodeBase64,
    deserialize: decodeBase64,
  },
  'bytes',
)

/**
 * @param name what messages call the item, such as a table's name.
 * @throws {InvalidValueError} for what cannot come back as it went in (see {@link checkValue}).
 */
export function encodeItem(item: Item, name = 'item'): ItemText {
  if (checkValue(item, name) === 'json') return JSON.stringify(item) as ItemText
  const { json, meta } = superjson.serialize(item)
  // Columns that share an object come back as equal objects of their own: superjson's record of who shares
  // what would cost more than it gives.
  const annotations = meta?.values
  return JSON.stringify(annotations === undefined ? json : [json, annotations]) as ItemText
}

/** The columns of an item. Every call makes new objects, which are the caller's. */
export function decodeItem(text: ItemText): Item {
  const parsed = JSON.parse(text)
  switch (text.charCodeAt(0)) {
    case 0x7b /* { */:
      return parsed
    case 0x5b /* [ */:
      return superjson.deserialize<Item>(
        { json: parsed[0], meta: { values: parsed[1], v: ANNOTATIONS_VERSION } },
        { inPlace: true },
      )
    default:
      throw new InvalidValueError('the stored item has a format that this version does not know')
  }
}

/** A column of an item; `null` where the item does not have it. */
export function columnOf(item: Item | undefined, column: string): Value {
  if (item === undefined || !Object.hasOwn(item, column)) return null
  return item[column] ?? null
}

/** How many bytes the text takes as UTF-8, which is what SQLite stores. */
export function textBytes(text: string): number {
  return utf8.encode(text).length
}
