import { hashBytes } from '../keys/hash.js'
import type { Fingerprint, Version } from '../operations.js'

/** The fingerprint of an interval without items. */
export const EMPTY_FINGERPRINT: Fingerprint = [0, 0]

/** Seeds of the two sums; any two that differ will do. */
const SEEDS = [0x243f6a88, 0x13198a2e] as const

/**
 * Sums hashes of (sort key, version), two sums of 32 bits. A sum minds no order, so intervals that touch add up,
 * wherever they are cut. (M. Bellare and D. Micciancio, "A New Paradigm for Collision-Free Hashing", 1997, has
 * such sums; nobody attacks these: two states that differ have one sum with a chance of 2^-64.)
 */
export class Fingerprinter {
  #high = 0
  #low = 0

  add(sortKey: Uint8Array, version: Version): void {
    const bytes = new Uint8Array(sortKey.length + 8)
    bytes.set(sortKey)
    new DataView(bytes.buffer).setFloat64(sortKey.length, version)
    this.#high = (this.#high + hashBytes(bytes, SEEDS[0])) >>> 0
    this.#low = (this.#low + hashBytes(bytes, SEEDS[1])) >>> 0
  }

  get sum(): Fingerprint {
    return [this.#high, this.#low]
  }
}

/** The fingerprint of two intervals that have no key in common, as one. */
export function addFingerprints(left: Fingerprint, right: Fingerprint): Fingerprint {
  return [(left[0] + right[0]) >>> 0, (left[1] + right[1]) >>> 0]
}

export function sameFingerprint(left: Fingerprint, right: Fingerprint): boolean {
  return left[0] === right[0] && left[1] === right[1]
}
