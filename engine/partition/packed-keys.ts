import { keyText } from '../keys/key-text.js'
import type { ItemKey } from '../operations.js'

/**
 * Keys in one text: of each, the lengths of its two parts, and then these, one character for each byte. Thousands of
 * them are kept for minutes, and a text costs a collector of garbage a fraction of what arrays of bytes do.
 */
export function packKeys(keys: readonly ItemKey[]): string {
  const texts = keys.flatMap(({ hashKey, sortKey }) => [
    lengthText(hashKey) + lengthText(sortKey),
    keyText(hashKey),
    keyText(sortKey),
  ])
  return texts.join('')
}

/** The keys that {@link packKeys} has packed. */
export function* unpackKeys(packed: string): Generator<ItemKey> {
  for (let at = 0; at < packed.length; ) {
    const hashAt = at + 4
    const sortAt = hashAt + lengthAt(packed, at)
    const end = sortAt + lengthAt(packed, at + 2)
    yield { hashKey: bytesOf(packed, hashAt, sortAt), sortKey: bytesOf(packed, sortAt, end) }
    at = end
  }
}

/** Two characters: keys that are refused for their length are packed too. */
function lengthText({ length }: Uint8Array): string {
  return String.fromCharCode(length >>> 16, length & 0xffff)
}

function lengthAt(packed: string, at: number): number {
  return packed.charCodeAt(at) * 0x1_0000 + packed.charCodeAt(at + 1)
}

function bytesOf(text: string, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from)
  for (let i = from; i < to; i++) bytes[i - from] = text.charCodeAt(i)
  return bytes
}
