const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

/** The integer that SQLite's cast makes of a number: without its fraction, and within 64 bits. */
export function toInt64(value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isFinite(value)) return value > 0 ? MAX_INT64 : MIN_INT64
  const integer = typeof value === 'number' ? BigInt(Math.trunc(value)) : value
  if (integer > MAX_INT64) return MAX_INT64
  return integer < MIN_INT64 ? MIN_INT64 : integer
}
