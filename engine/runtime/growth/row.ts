import type { Item } from '../../values/value.js'

/** Every fourth row has so many bytes beside its number: it lies inline. */
const SMALL = 300

/** Rows of a mean size, most of them from three quarters of it to five. What a row is follows from its number. */
export class Rows {
  readonly #mean: number
  readonly #filler: string

  /** @param mean bytes. */
  constructor(mean: number) {
    this.#mean = mean
    this.#filler = 'x'.repeat(mean * 2 + SMALL)
  }

  /** The row of this number. */
  row(n: number): Item {
    return { n, filler: this.#filler.slice(0, this.bytes(n)) }
  }

  /** Its bytes, about. */
  bytes(n: number): number {
    const scattered = ((n * 2_654_435_761) % 4_294_967_296) / 4_294_967_296
    return n % 4 === 0 ? Math.min(SMALL, this.#mean) : Math.floor(this.#mean * (0.75 + scattered))
  }

  /** Whether a row is as it was written. */
  isRow(n: number, { n: stored, filler }: Item): boolean {
    return stored === n && typeof filler === 'string' && filler.length === this.bytes(n)
  }

  /** How many rows have so many bytes together, about. */
  countFor(bytes: number): number {
    let count = 0
    for (let left = bytes; left > 0; count++) left -= this.bytes(count)
    return count
  }
}
