import { assert } from '../errors.js'
import { SnapshotError } from './snapshot.js'

const MAX_NUMBER = 2 ** 32 - 1

/** Puts a snapshot's body together, from numbers and bytes. */
export class BodyWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  /** A whole number from 0 to 2^32 - 1: seven bits a byte, the lowest first, and more follow a byte above 127. */
  number(number: number): void {
    assert(Number.isInteger(number) && number >= 0 && number <= MAX_NUMBER, 'a number fits into a snapshot')
    this.#makeRoom(5)
    let left = number
    for (; left > 127; left = Math.floor(left / 128)) this.#bytes[this.#length++] = (left % 128) + 128
    this.#bytes[this.#length++] = left
  }

  /** Bytes as they are; the reader must know how many. */
  bytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const roomier = new Uint8Array(2 * (this.#length + bytes))
    roomier.set(this.#bytes)
    this.#bytes = roomier
  }
}

/** Reads what a {@link BodyWriter} has written. Every method throws a {@link SnapshotError} where it cannot be. */
export class BodyReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  number(): number {
    let number = 0
    for (let weight = 1; ; weight *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new SnapshotError('a number is cut off')
      number += (byte % 128) * weight
      if (number > MAX_NUMBER) throw new SnapshotError('a number is too large')
      if (byte > 127) continue
      // Each number has one text alone.
      if (byte === 0 && weight > 1) throw new SnapshotError('a number is longer than it need be')
      return number
    }
  }

  /** A view of so many bytes. */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw new SnapshotError(`${count} bytes are cut off`)
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left !== 0) throw new SnapshotError(`${this.left} bytes too many`)
  }
}
