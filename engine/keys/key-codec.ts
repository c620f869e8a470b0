import { InvalidKeyError } from '../errors.js'

/**
 * A value that may stand in a key. Numbers must be finite, strings well-formed Unicode, dates valid.
 */
export type KeyPart = string | number | bigint | boolean | Date | Uint8Array

/** A key is a tuple of parts, compared part by part. */
type KeyTuple = readonly KeyPart[]

/**
 * One byte in front of each part says what it is. The codes are those of the FoundationDB tuple layer
 * (design/tuple.md in its repository), so that what both can hold is encoded alike; dates take the first of
 * the codes that it leaves to users. Their order is the order of the types among each other.
 */
const CODE = {
  bytes: 0x01,
  string: 0x02,
  negativeBigint: 0x0b,
  zero: 0x14,
  positiveBigint: 0x1d,
  number: 0x21,
  false: 0x26,
  true: 0x27,
  date: 0x40,
} as const

/** Above every code, below nothing: `prefix + LAST` is greater than every key that starts with `prefix`. */
export const LAST_BYTE = 0xff

/** Bigints up to this many bytes of magnitude can stand in a key; one length byte counts them. */
const MAX_BIGINT_BYTES = 255
const BIGINT_BOUND = 1n << BigInt(MAX_BIGINT_BYTES * 8)

const utf8 = new TextEncoder()
const utf8Decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Encodes a tuple so that comparing the bytes (`memcmp`) compares the tuples: parts of one type by value
 * (strings by their UTF-8 bytes, which is code point order), parts of different types by type, and a tuple
 * that is a prefix of another before it. `0` and `-0` are one key.
 *
 * @throws {InvalidKeyError} for NaN, an infinity, an invalid date, a lone surrogate, null or an object.
 * @example encodeKey(['SFO', 7]) // 02 53 46 4f 00 21 c0 1c 00 00 00 00 00 00
 */
export function encodeKey(tuple: KeyTuple): Uint8Array {
  const writer = new KeyWriter()
  for (const part of tuple) writePart(writer, part)
  return writer.finish()
}

/**
 * Encodes the beginning of a string part, without its end: every string that starts with `prefix` is encoded
 * to bytes that start with these.
 */
export function encodeStringPrefix(before: Uint8Array, prefix: string): Uint8Array {
  const writer = new KeyWriter()
  writer.raw(before)
  writer.byte(CODE.string)
  writeEscaped(writer, encodeText(prefix))
  return writer.finish()
}

/** Decodes what {@link encodeKey} made. @throws {InvalidKeyError} when the bytes are no key. */
export function decodeKey(bytes: Uint8Array): KeyPart[] {
  const reader = new KeyReader(bytes)
  const parts: KeyPart[] = []
  while (!reader.done) parts.push(readPart(reader))
  return parts
}

/** The byte that a part's encoding starts with: all parts of its type lie in one run behind it. */
export function codesOf(part: KeyPart): { readonly first: number; readonly last: number } {
  switch (typeof part) {
    case 'string':
      return { first: CODE.string, last: CODE.string }
    case 'number':
      return { first: CODE.number, last: CODE.number }
    case 'bigint':
      return { first: CODE.negativeBigint, last: CODE.positiveBigint }
    case 'boolean':
      return { first: CODE.false, last: CODE.true }
    default:
      return part instanceof Date
        ? { first: CODE.date, last: CODE.date }
        : { first: CODE.bytes, last: CODE.bytes }
  }
}

/** Says why a value cannot stand in a key, or nothing when it can. */
export function whyNotAKeyPart(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'a string with a lone surrogate has no UTF-8 form'
    case 'number':
      return Number.isFinite(value) ? undefined : `${value} has no place in an order`
    case 'bigint':
      return value > -BIGINT_BOUND && value < BIGINT_BOUND
        ? undefined
        : `a bigint key has at most ${MAX_BIGINT_BYTES} bytes`
    case 'boolean':
      return undefined
    case 'object':
      if (value === null) return 'a key has no null'
      if (value instanceof Date) {
        return Number.isNaN(value.getTime()) ? 'an invalid date has no place in an order' : undefined
      }
      if (value instanceof Uint8Array) return undefined
      return 'an object or array is no key'
    case 'undefined':
      return 'it is missing, and a key needs all of its columns'
    default:
      return `a key is never a ${typeof value}`
  }
}

function writePart(writer: KeyWriter, part: KeyPart): void {
  switch (typeof part) {
    case 'string':
      writer.byte(CODE.string)
      writeEscaped(writer, encodeText(part))
      writer.byte(0)
      return
    case 'number':
      assertKeyPart(part)
      writer.byte(CODE.number)
      writer.orderedDouble(part)
      return
    case 'bigint':
      assertKeyPart(part)
      writeBigint(writer, part)
      return
    case 'boolean':
      writer.byte(part ? CODE.true : CODE.false)
      return
    default:
      assertKeyPart(part)
      if (part instanceof Date) {
        writer.byte(CODE.date)
        writer.orderedDouble(part.getTime())
        return
      }
      writer.byte(CODE.bytes)
      writeEscaped(writer, part)
      writer.byte(0)
  }
}

function assertKeyPart(part: unknown): void {
  const why = whyNotAKeyPart(part)
  if (why !== undefined) throw new InvalidKeyError(why)
}

function encodeText(text: string): Uint8Array {
  assertKeyPart(text)
  return utf8.encode(text)
}

/** A zero byte inside text or bytes becomes `00 ff`, so that the `00` behind the last one sorts first. */
function writeEscaped(writer: KeyWriter, bytes: Uint8Array): void {
  let start = 0
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, at + 1)) {
    writer.raw(bytes.subarray(start, at + 1))
    writer.byte(0xff)
    start = at + 1
  }
  writer.raw(start === 0 ? bytes : bytes.subarray(start))
}

/** Bigints of up to 8 bytes carry their length in the code; longer ones in a byte of its own. */
function writeBigint(writer: KeyWriter, value: bigint): void {
  if (value === 0n) {
    writer.byte(CODE.zero)
    return
  }
  const negative = value < 0n
  const magnitude = bigintBytes(negative ? -value : value)
  const length = magnitude.length
  if (length <= 8) {
    writer.byte(negative ? CODE.zero - length : CODE.zero + length)
  } else {
    writer.byte(negative ? CODE.negativeBigint : CODE.positiveBigint)
    writer.byte(negative ? length ^ 0xff : length)
  }
  if (negative) for (let i = 0; i < length; i++) magnitude[i] = (magnitude[i] as number) ^ 0xff
  writer.raw(magnitude)
}

function bigintBytes(magnitude: bigint): Uint8Array {
  let hex = magnitude.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16)
  return bytes
}

function readPart(reader: KeyReader): KeyPart {
  const code = reader.byte()
  switch (code) {
    case CODE.bytes:
      return reader.escaped()
    case CODE.string:
      return utf8Decoder.decode(reader.escaped())
    case CODE.number:
      return reader.orderedDouble()
    case CODE.false:
      return false
    case CODE.true:
      return true
    case CODE.date:
      return new Date(reader.orderedDouble())
    case CODE.zero:
      return 0n
    case CODE.negativeBigint:
      return readBigint(reader, reader.byte() ^ 0xff, true)
    case CODE.positiveBigint:
      return readBigint(reader, reader.byte(), false)
    default:
      if (code > CODE.negativeBigint && code < CODE.positiveBigint) {
        return readBigint(reader, Math.abs(code - CODE.zero), code < CODE.zero)
      }
      throw new InvalidKeyError(`no key has a part of code ${code}`)
  }
}

function readBigint(reader: KeyReader, length: number, negative: boolean): bigint {
  let value = 0n
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(reader.byte() ^ (negative ? 0xff : 0))
  return negative ? -value : value
}

/** Appends to a buffer that grows; {@link finish} gives away a copy of its own. */
class KeyWriter {
  #buffer = new Uint8Array(64)
  #length = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** IEEE 754 with the sign bit turned for positive numbers and all bits for negative ones sorts by value. */
  orderedDouble(value: number): void {
    this.#reserve(8)
    const view = new DataView(this.#buffer.buffer)
    view.setFloat64(this.#length, value === 0 ? 0 : value)
    const high = view.getUint32(this.#length)
    if (high & 0x80000000) {
      view.setUint32(this.#length, ~high)
      view.setUint32(this.#length + 4, ~view.getUint32(this.#length + 4))
    } else {
      view.setUint32(this.#length, high | 0x80000000)
    }
    this.#length += 8
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
    grown.set(this.#buffer)
    this.#buffer = grown
  }
}

class KeyReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new InvalidKeyError('the key ends in the middle of a part')
    return byte
  }

  escaped(): Uint8Array {
    const bytes: number[] = []
    for (;;) {
      const byte = this.byte()
      if (byte === 0) {
        if (this.#bytes[this.#at] !== 0xff) return Uint8Array.from(bytes)
        this.#at++
      }
      bytes.push(byte)
    }
  }

  orderedDouble(): number {
    const view = new DataView(new ArrayBuffer(8))
    for (let i = 0; i < 8; i++) view.setUint8(i, this.byte())
    const high = view.getUint32(0)
    if (high & 0x80000000) {
      view.setUint32(0, high & 0x7fffffff)
    } else {
      view.setUint32(0, ~high)
      view.setUint32(4, ~view.getUint32(4))
    }
    return view.getFloat64(0)
  }
}
