import { keyText } from '../keys/key-text.js'
import type { Version } from '../operations.js'
import type { Millis } from '../ports.js'

/** A write that was decided, and what is remembered of it for minutes. */
export interface DecidedWrite {
  readonly at: Millis
  /** Of one change that was made, and returned nothing: all that there is to answer. */
  readonly version: Version | undefined
  /** The keys that it was for, packed. */
  readonly keys: string
}

/** Both times, as the eight bytes of a float64 each. */
const numbers = new Float64Array(2)
const bytes = new Uint8Array(numbers.buffer)

/**
 * One text for all of it, a character for each byte. A partition has thousands of them, and the pauses of a collector
 * of garbage grow with the number of objects.
 */
export function encodeDecided({ at, version, keys }: DecidedWrite): string {
  numbers[0] = at
  numbers[1] = version ?? Number.NaN
  return [keyText(bytes), keys].join('')
}

export function decodeDecided(text: string): DecidedWrite {
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  const [at, version] = numbers as unknown as [Millis, Version]
  return { at, version: Number.isNaN(version) ? undefined : version, keys: text.slice(bytes.length) }
}
