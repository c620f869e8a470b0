import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { hashBytes } from '../keys/hash.js'
import type { Random } from '../ports.js'

const utf8 = new TextEncoder()

/**
 * Chance that can be had again: the same seed and label give the same numbers. Each part of a world draws from
 * a stream of its own, so that leaving one part out, as shrinking does, changes little for the others.
 */
export class SeededRandom implements Random {
  readonly #path: string
  readonly #generator: ReturnType<typeof xoroshiro128plus>

  constructor(seed: number, path = '') {
    this.#path = `${seed}${path}`
    this.#generator = xoroshiro128plus(hashBytes(utf8.encode(this.#path), seed | 0) | 0)
  }

  /** A stream of its own for a part of the world. */
  fork(label: string | number): SeededRandom {
    return new SeededRandom(Number.parseInt(this.#path, 10), `${this.#path.replace(/^-?\d+/, '')}/${label}`)
  }

  fraction(): number {
    return this.integer(0, 0x7ffffffe) / 0x7fffffff
  }

  token(): number {
    return this.integer(0, 0x1fffff) * 0x100000000 + this.integer(0, 0x7fffffff) * 2 + this.integer(0, 1)
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return uniformInt(this.#generator, least, most)
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return this.integer(0, below - 1)
  }

  /** From `least` up to `most`. */
  between(least: number, most: number): number {
    return least + this.fraction() * (most - least)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)] as T
  }

  /** Some of them, each at most once, in random order. */
  some<T>(choices: readonly T[], least: number, most: number): T[] {
    const left = [...choices]
    const picked: T[] = []
    const count = Math.min(left.length, this.integer(least, most))
    while (picked.length < count) picked.push(...left.splice(this.below(left.length), 1))
    return picked
  }
}
