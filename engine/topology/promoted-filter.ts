import { hashBytes } from '../keys/hash.js'

/** As large as the smallest is, and by how much each is larger than the one before: few of them, none much too large. */
const SMALLEST_CAPACITY = 64
const GROWTH = { times: 26, by: 25 }
/** The largest is the first that holds so many: 3.7 MB, which a Worker can read and keep. */
const MOST_KEYS = 3_000_000
/** 9.6 bits a key, 1.2 bytes: with seven of them set for each key, 1 % of what is not there is taken for it. */
const BYTES_PER_KEY = { times: 6, by: 5 }
const PROBES = 7
/**
 * Far from a partition's level in the tree and from the seeds of partitions' names: else the keys of one partition,
 * which hash alike, would be alike here too.
 */
const SEEDS = [0xb1005eed, 0x7e57ab1e] as const

/**
 * The hash keys that have range partitions of their own, as a Bloom filter (1970): it says of all of them that they
 * may be there, and of one in a hundred others too. Its bits depend on the set of keys alone, not on their order.
 */
export class PromotedFilter {
  /** For how many keys it is made. */
  readonly capacity: number
  /** Eight bits a byte, the first of them its lowest. Changes with {@link add}. */
  readonly bits: Uint8Array
  #count: number
  #isEmpty: boolean

  private constructor(capacity: number, count: number, bits: Uint8Array, isEmpty: boolean) {
    this.capacity = capacity
    this.bits = bits
    this.#count = count
    this.#isEmpty = isEmpty
  }

  /**
   * A filter that holds these keys and that fits them: for all sets of so many keys it is equally large. Beyond
   * 3,000,000 it does not become larger; what is wrongly taken for promoted becomes more.
   *
   * @param count how many different ones they are.
   */
  static of(hashKeys: Iterable<Uint8Array>, count: number): PromotedFilter {
    const capacity = capacityFor(count)
    const filter = new PromotedFilter(capacity, count, new Uint8Array(bytesFor(capacity)), true)
    for (const hashKey of hashKeys) filter.#set(hashKey)
    return filter
  }

  /** The filter of bits as {@link bits} are. It is full. Nothing, if there is no filter with that capacity and size. */
  static fromBits(capacity: number, bits: Uint8Array): PromotedFilter | undefined {
    if (capacityFor(capacity) !== capacity || bits.length !== bytesFor(capacity)) return undefined
    return new PromotedFilter(
      capacity,
      capacity,
      bits,
      bits.every((byte) => byte === 0),
    )
  }

  /** Of the typed array. */
  get memoryBytes(): number {
    return this.bits.byteLength
  }

  /** Whether there are no keys. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** False for what is certainly not promoted. */
  mayHold(hashKey: Uint8Array): boolean {
    if (this.#isEmpty) return false
    const { bits } = this
    return probesOf(hashKey, bits.length).every(
      (probe) => (((bits[probe >>> 3] as number) >>> (probe & 7)) & 1) === 1,
    )
  }

  /**
   * Adds a key, which must not have been added before: each counts.
   *
   * @returns false, and the filter is as it was, when it is full: a larger one is to be made, of all keys.
   */
  add(hashKey: Uint8Array): boolean {
    if (capacityFor(this.#count + 1) > this.capacity) return false
    this.#count++
    this.#set(hashKey)
    return true
  }

  #set(hashKey: Uint8Array): void {
    const { bits } = this
    for (const probe of probesOf(hashKey, bits.length)) {
      bits[probe >>> 3] = (bits[probe >>> 3] as number) | (1 << (probe & 7))
    }
    this.#isEmpty = false
  }
}

/**
 * The bits of a key, in so many bytes. Enhanced double hashing (Dillinger and Manolios, "Bloom filters in probabilistic
 * verification", 2004): two hashes for any number of probes, each of which is a little further from the last.
 */
function probesOf(hashKey: Uint8Array, bytes: number): number[] {
  const probes: number[] = []
  let bit = hashBytes(hashKey, SEEDS[0])
  let step = hashBytes(hashKey, SEEDS[1])
  for (let probe = 0; probe < PROBES; probe++) {
    probes.push(bit % (8 * bytes))
    bit = (bit + step) >>> 0
    step = (step + probe + 1) >>> 0
  }
  return probes
}

/** The first capacity of all there are that holds so many keys, or the last one. */
function capacityFor(count: number): number {
  let capacity = SMALLEST_CAPACITY
  while (capacity < Math.min(count, MOST_KEYS)) capacity = Math.ceil((capacity * GROWTH.times) / GROWTH.by)
  return capacity
}

function bytesFor(capacity: number): number {
  return Math.ceil((capacity * BYTES_PER_KEY.times) / BYTES_PER_KEY.by)
}
