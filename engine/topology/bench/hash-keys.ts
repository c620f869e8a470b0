import { encodeKey } from '../../keys/key-codec.js'

/** A hash key as applications have them: by its number, the same every time. */
export function hashKeyOf(number: number): Uint8Array {
  return encodeKey([`customer-${number}`])
}

/** So many hash keys, by their numbers from `first` on. */
export function hashKeys(first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => hashKeyOf(first + i))
}

/**
 * Where the numbers of hash keys begin that are promoted, that nobody wants more than others, that are hot, and that
 * are asked for to see what the filter takes them for. No two of these have one in common.
 */
export const FIRST_KEYS = { promoted: 0, usual: 10_000_000, hot: 100_000_000, other: 200_000_000 } as const
