import { decodeKey, encodeKey } from '../../keys/key-codec.js'
import type { ChangeResult, ItemKey } from '../../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../../values/item-text.js'
import type { SeenRow, WrittenRow } from '../record.js'
import { type Operation, type Place, placeText, type Row } from './operation.js'

/*
 * Places and rows, and the keys and items that they are in the store.
 */

export function hashKey(hash: number): Uint8Array {
  return encodeKey([`h${hash}`])
}

export function keyOf({ hash, sort }: Place): ItemKey {
  return { hashKey: hashKey(hash), sortKey: encodeKey([sort]) }
}

export function placeOfKey({ hashKey, sortKey }: ItemKey): Place {
  const [hash] = decodeKey(hashKey) as [string]
  const [sort] = decodeKey(sortKey) as [number]
  return { hash: Number(hash.slice(1)), sort }
}

/** A row knows where it is: a reader that is given another one's will notice. */
export function toItem(place: Place, { n, log, pad, amount, ends }: Row): ItemText {
  const end = ends === undefined ? undefined : { ends: new Date(ends) }
  return encodeItem({ n, log, pad: 'x'.repeat(pad), amount, place: placeText(place), ...end })
}

/** The row that an item is. */
export function toRow(text: ItemText): Row {
  const { n, log, pad, amount, ends } = decodeItem(text) as {
    n: number
    log: string
    pad: string
    amount: number
    ends?: Date | null
  }
  return { n, log, pad: pad.length, amount, ...(ends ? { ends: ends.getTime() } : undefined) }
}

/** Where an item says that it is. */
export function placeOf(text: ItemText): Place {
  const { place } = decodeItem(text) as { place: string }
  const [hash, sort] = place.slice(1).split('/').map(Number)
  return { hash: hash as number, sort: sort as number }
}

/** The row that an item is, which must be the one of its place. */
export function rowAt(place: Place, text: ItemText): Row {
  const found = placeText(placeOf(text))
  if (found !== placeText(place)) throw new Error(`at ${placeText(place)} was ${found}`)
  return toRow(text)
}

export function seenRow(place: Place, found: { item: ItemText; version: number } | null): SeenRow {
  return found === null
    ? { place, row: null }
    : { place, row: rowAt(place, found.item), version: found.version }
}

/** What became of a row, in the client's words. */
export function writtenRow(
  { place, kind }: { readonly place: Place; readonly kind: Operation['kind'] },
  result: ChangeResult,
): WrittenRow {
  if (kind === 'check') return { place, because: result.made ? 'checked' : 'condition' }
  if (!result.made) return { place, because: result.because }
  const row = result.item === undefined ? undefined : rowAt(place, result.item)
  const made = { row: kind === 'delete' ? null : row, version: result.version }
  return kind === 'delete' && row !== undefined ? { place, made, removed: row } : { place, made }
}
