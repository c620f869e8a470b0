/** A small generator of random numbers (mulberry32, Tommy Ettinger): the same seed gives the same everywhere. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return Math.floor(this.fraction() * below)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** Some of them, each at most once, in random order. */
  some<T>(from: readonly T[], least: number, most: number): T[] {
    const left = [...from]
    const picked: T[] = []
    const count = Math.min(left.length, least + this.below(most - least + 1))
    while (picked.length < count) picked.push(...left.splice(this.below(left.length), 1))
    return picked
  }
}
