/** Bits of a word. */
const WORD = 32

/** An immutable sequence of bits that knows at once how many ones are before each. */
export class RankedBits {
  readonly length: number
  /** How many are one. */
  readonly ones: number
  /** The first bit of a word is its lowest. */
  readonly #words: Uint32Array
  /** Ones before each word: as much memory as the bits again, and one addition to find out. */
  readonly #ranks: Uint32Array

  /** @param words are its own from then on; those bits of the last one that do not count are zero. */
  constructor(words: Uint32Array, length: number) {
    this.length = length
    this.#words = words
    this.#ranks = new Uint32Array(words.length)
    let ones = 0
    for (let i = 0; i < words.length; i++) {
      this.#ranks[i] = ones
      ones += onesOf(words[i] as number)
    }
    this.ones = ones
  }

  /** Room for so many bits, as the constructor takes it: all of them zero. */
  static wordsFor(length: number): Uint32Array {
    return new Uint32Array(Math.ceil(length / WORD))
  }

  /** Reads what {@link toBytes} wrote. Nothing, if these are not the bytes of so many bits. */
  static fromBytes(bytes: Uint8Array, length: number): RankedBits | undefined {
    if (bytes.length !== Math.ceil(length / 8)) return undefined
    const words = RankedBits.wordsFor(length)
    for (let i = 0; i < words.length; i++) {
      const at = 4 * i
      words[i] =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24)
    }
    const behind = (words.at(-1) ?? 0) & ~lowest(length - WORD * (words.length - 1))
    return behind === 0 ? new RankedBits(words, length) : undefined
  }

  /** Of the typed arrays. */
  get memoryBytes(): number {
    return this.#words.byteLength + this.#ranks.byteLength
  }

  /** Whether a bit is one. Behind the end all are zero. */
  has(index: number): boolean {
    return (((this.#words[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1
  }

  /** How many ones there are before a bit, which must be one of these. */
  rank(index: number): number {
    const before = (this.#words[index >>> 5] as number) & lowest(index & 31)
    return (this.#ranks[index >>> 5] as number) + onesOf(before)
  }

  /**
   * The same bits with zeros put in between, and a zero before those turned into a one.
   *
   * @param one which becomes a one; it is before `at`.
   * @param at where the zeros begin; what is there now comes behind them.
   */
  insertZeros(one: number, at: number, zeros: number): RankedBits {
    const old = this.#words
    const words = RankedBits.wordsFor(this.length + zeros)
    words.set(old.subarray(0, at >>> 5))
    const [skip, shift] = [zeros >>> 5, zeros & 31]
    for (let i = at >>> 5; i < words.length; i++) {
      const high = (old[i - skip] ?? 0) << shift
      const low = shift === 0 ? 0 : (old[i - skip - 1] ?? 0) >>> (WORD - shift)
      words[i] = ((old[i] ?? 0) & lowest(at - WORD * i)) | ((high | low) & ~lowest(at + zeros - WORD * i))
    }
    words[one >>> 5] = (words[one >>> 5] as number) | (1 << (one & 31))
    return new RankedBits(words, this.length + zeros)
  }

  /** Eight a byte, the first of them its lowest; what is left of the last byte is zero. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.length / 8))
    for (let i = 0; i < bytes.length; i++) bytes[i] = (this.#words[i >>> 2] as number) >>> (8 * (i & 3))
    return bytes
  }
}

/** A word whose lowest bits are one: so many of them, none below 0, all above 31. */
function lowest(count: number): number {
  if (count <= 0) return 0
  return count >= WORD ? -1 : (1 << count) - 1
}

/** How many bits of a word are one: in pairs, in fours, in bytes, and the bytes' sum on top. */
function onesOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
